{# One row: what the marts beside it were built as of. -#}
{%- set currency_code = source_setting('currency_code') -%}
{%- set most_plausible_roc_auc = source_setting('most_plausible_roc_auc') -%}
with

data_range as (

    select * from {{ ref('data_range') }}

),

build_info as (

    select
        cast('{{ source_name() }}' as varchar) as source_name,
        {{ date_literal(as_of_date()) }} as as_of_date,
        {{ date_literal(window_start_date()) }} as window_start_date,
        cast('{{ currency_code }}' as varchar) as currency_code,
        cast(
            {{ most_plausible_roc_auc }} as {{ type_double() }}
        ) as most_plausible_roc_auc,
        first_order_date,
        last_order_date,
        end_of_data_date,
        quiet_days,
        quiet_days > {{ var('most_quiet_days') }}
            as is_quiet_before_as_of_date
    from data_range

)

select * from build_info
