{#- Without an order before the as-of date every table of features would be empty, and tests would
    fail by names that say nothing of the date. -#}
{% macro require_orders_before_as_of_date() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set dates = run_query(
            "select min(cast(ordered_at as date)), max(cast(ordered_at as date)), "
            ~ "count(case when ordered_at < " ~ date_literal(as_of_date()) ~ " then 1 end) "
            ~ "from " ~ ref('orders')
        ).rows[0] -%}
        {%- if dates[2] == 0 -%}
            {%- do exceptions.raise_compiler_error(
                "expected orders before the as-of date " ~ as_of_date() ~ ", but they are dated "
                ~ dates[0] ~ " to " ~ dates[1] ~ "; set the as-of date to the day after the last "
                ~ "order that counts: --as-of or REGULARS_AS_OF_DATE (the variable as_of_date)"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
