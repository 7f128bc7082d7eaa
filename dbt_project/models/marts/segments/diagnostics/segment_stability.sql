{# One row per feature set and later date, none of them after the as-of date of
   this build.
   Waits for the choice of champions: all marts are built by one run of dbt. -#}
{%- do source('ml', 'model_registry') -%}
with

stability as (

    select * from {{ source('ml', 'segment_stability') }}

),

segment_stability as (

    select
        feature_set,
        family,
        segment_count,
        frozen_date,
        as_of_date,
        {{ ratio(days_between('frozen_date', 'as_of_date'), '7') }} as weeks,
        customer_count,
        agreement,
        lower_bound,
        upper_bound,
        total_agreement,
        same_border_agreement,
        same_border_lower_bound,
        same_border_upper_bound,
        1e0 - agreement as moved_borders,
        1e0 - same_border_agreement as moved_customers,
        reassigned_share,
        case feature_set
            when 'full' then 'features of the segments'
            else 'recency, frequency, money'
        end as feature_set_label
    from stability
    where as_of_date <= {{ date_literal(as_of_date()) }}

)

select * from segment_stability
