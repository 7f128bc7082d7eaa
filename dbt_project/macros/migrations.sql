{% macro migrations(states, state, dates, along=[]) -%}
    with

    periods as (

        select
            as_of_date,
            lead(as_of_date) over (order by as_of_date asc) as next_as_of_date
        from {{ dates }}

    ),

    moves as (

        select
            periods.as_of_date,
            periods.next_as_of_date,
            {%- for column in along %}
            states_next.{{ column }},
            {%- endfor %}
            states_then.{{ state }},
            states_next.{{ state }} as next_{{ state }},
            cast(count(*) as integer) as customer_count
        from periods
        inner join {{ states }} as states_next
            on periods.next_as_of_date = states_next.as_of_date
        left join {{ states }} as states_then
            on
                periods.as_of_date = states_then.as_of_date
                and states_next.customer_id = states_then.customer_id
        group by
            periods.as_of_date,
            periods.next_as_of_date,
            {%- for column in along %}
            states_next.{{ column }},
            {%- endfor %}
            states_then.{{ state }},
            states_next.{{ state }}

    )

    select
        *,
        {{ ratio(
            'customer_count',
            'sum(customer_count) over (partition by as_of_date, ' ~ state ~ ')'
        ) }} as share
    from moves
{%- endmacro %}
