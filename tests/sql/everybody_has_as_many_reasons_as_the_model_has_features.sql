{# Three, or fewer where the model has fewer features; the same number for
   everybody, and none is left out. #}
with

counted as (

    select
        case when reason_1 is not null then 1 else 0 end
        + case when reason_2 is not null then 1 else 0 end
        + case when reason_3 is not null then 1 else 0 end as reason_count,
        reason_1 is null
        or (reason_2 is null and reason_3 is not null) as is_one_left_out
    from {{ ref('churn_reasons') }}

)

select
    min(reason_count) as min_reason_count,
    max(reason_count) as max_reason_count,
    max(case when is_one_left_out then 1 else 0 end) as is_one_left_out
from counted
having
    min(reason_count) <> max(reason_count)
    or max(case when is_one_left_out then 1 else 0 end) = 1
