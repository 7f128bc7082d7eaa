{#- The one rule for orders dated far away from the others: a typing error, a
    date of 1970 that stands for none. At either end, days beyond
    far_order_gap_days without an order are left aside if they hold at most
    far_order_share of all orders, or less than half of them beyond ten years or
    on the one day with most orders, which is a default for no date then.
    The load renders it, too: loading/usual_range.py. -#}
{% macro usual_order_range(order_days) -%}
    {%- set far_days = var('far_order_gap_days') -%}
    {%- set far_share = var('far_order_share') -%}
    {%- set ages_days, min_repeated, min_share = 3653, 5, 0.9 -%}
    with

    sequenced_days as (

        select
            order_date,
            lag(order_date) over (order by order_date asc)
                as former_order_date,
            lead(order_date) over (order by order_date asc)
                as next_order_date,
            sum(order_count) over (
                order by order_date asc
                rows between unbounded preceding and current row
            ) as order_count_so_far,
            sum(order_count) over (
                order by order_date asc
                rows between current row and unbounded following
            ) as order_count_from_here,
            sum(order_count) over () as order_count,
            order_count as day_order_count,
            max(order_count) over () as most_day_order_count
        from {{ order_days }}

    ),

    far_days as (

        select
            {%- for end in ('early', 'late') %}
            {%- if end == 'early' %}
            {%- set gap = days_between('order_date', 'next_order_date') %}
            {%- set beyond = 'order_count_so_far' %}
            {%- set bound = 'last_early_date' %}
            {%- else %}
            {%- set gap = days_between('former_order_date', 'order_date') %}
            {%- set beyond = 'order_count_from_here' %}
            {%- set bound = 'first_late_date' %}
            {%- endif %}
            {{ 'max' if end == 'early' else 'min' }}(
                case
                    when
                        {{ gap }} > {{ far_days }}
                        and {{ beyond }} <= {{ far_share }} * order_count
                        then order_date
                    when
                        {{ gap }} > {{ ages_days }}
                        and 2 * {{ beyond }} < order_count
                        then order_date
                    when
                        {{ gap }} > {{ far_days }}
                        and 2 * {{ beyond }} < order_count
                        and day_order_count = most_day_order_count
                        and day_order_count >= {{ min_repeated }}
                        and day_order_count >= {{ min_share }} * {{ beyond }}
                        then order_date
                end
            ) as {{ bound }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from sequenced_days

    )

    select
        min(order_days.order_date) as first_order_date,
        max(order_days.order_date) as last_order_date
    from {{ order_days }} as order_days
    cross join far_days
    where
        (
            far_days.last_early_date is null
            or order_days.order_date > far_days.last_early_date
        )
        and (
            far_days.first_late_date is null
            or order_days.order_date < far_days.first_late_date
        )
{%- endmacro %}
