{# One row per fact about people, orders, their dates and their reviews; what
   each counts is said in the seed olist__published_data_facts. -#}
{#- The day of pitfall 15, from which one looks back by so many days. -#}
{%- set look_back_date = date_literal('2018-03-01') -%}
{%- set look_back_days = 30 -%}
{%- set day_seconds = 24 * 60 * 60 -%}
{#- The numbers of orders that anybody of the published data set has placed. -#}
{%- set order_counts = [1, 2, 3, 4, 5, 6, 7, 9, 17] -%}
{#- Both ends of the published data set, where its months are thin. -#}
{%- set months = [
    '2016-09-01', '2016-10-01', '2016-11-01', '2016-12-01', '2017-01-01',
    '2018-08-01', '2018-09-01', '2018-10-01',
] -%}
{%- set statuses = [
    'delivered', 'shipped', 'canceled', 'unavailable', 'invoiced',
    'processing', 'created', 'approved',
] -%}
{%- set fact_ids = [
    'order_customers', 'people', 'people_with_several_postal_codes',
    'share_of_people_with_one_order', 'gaps_between_orders',
    'gaps_under_24_hours', 'median_gap_days', 'repeat_purchase_days',
    'people_with_several_purchase_days', 'median_gap_days_between_days',
    'delivered_without_a_date', 'canceled_with_a_delivery_date',
    'delivered_without_approval', 'shipped_before_approval',
    'delivered_before_shipped', 'review_rows', 'review_ids',
    'reviewed_orders', 'orders_with_several_reviews',
    'review_ids_on_several_orders', 'reviews_without_sending_date',
    'reviews_without_answer_date', 'line_breaks_in_reviews',
    'lines_of_the_reviews_file', 'latest_order_date',
    'latest_orders_canceled', 'orders_of_30_days',
    'undelivered_share_of_30_days', 'unanswered_share_of_30_days',
    'one_time_buyers_share_of_ntile_5', 'highest_ntile_of_one_time_buyers',
] -%}
{%- for count in order_counts -%}
{%- do fact_ids.append('people_with_' ~ count ~ '_orders') -%}
{%- endfor -%}
{%- for month in months -%}
{%- do fact_ids.append('orders_of_' ~ month[:4] ~ '_' ~ month[5:7]) -%}
{%- endfor -%}
{%- for status in statuses -%}
{%- do fact_ids.append('orders_' ~ status) -%}
{%- endfor -%}
with

customers as (

    select * from {{ ref('stg_olist__customers') }}

),

orders as (

    select * from {{ ref('stg_olist__orders') }}

),

order_reviews as (

    select * from {{ ref('stg_olist__order_reviews') }}

),

orders_of_people as (

    select
        customers.customer_id,
        orders.order_id,
        orders.ordered_at,
        lag(orders.ordered_at) over (
            partition by customers.customer_id
            order by orders.ordered_at, orders.order_id
        ) as former_ordered_at
    from orders
    inner join customers
        on orders.order_customer_id = customers.order_customer_id

),

people as (

    select
        customer_id,
        count(distinct postal_code) as postal_code_count
    from customers
    group by customer_id

),

orders_per_person as (

    select
        customer_id,
        count(*) as order_count
    from orders_of_people
    group by customer_id

),

fifths as (

    select
        order_count,
        ntile(5) over (order by order_count, customer_id) as fifth
    from orders_per_person

),

fifth_ranges as (

    select
        fifth,
        max(order_count) as most_orders
    from fifths
    group by fifth

),

purchase_days as (

    select distinct
        customer_id,
        cast(ordered_at as date) as order_date
    from orders_of_people

),

gaps_between_days as (

    select
        customer_id,
        {{ days_between(
            'lag(order_date) over (partition by customer_id order by order_date)',
            'order_date'
        ) }} as gap_days
    from purchase_days

),

days_per_person as (

    select
        customer_id,
        count(*) as day_count
    from purchase_days
    group by customer_id

),

reviews_per_order as (

    select
        order_id,
        count(*) as review_count
    from order_reviews
    group by order_id

),

orders_per_review as (

    select
        review_id,
        count(distinct order_id) as order_count
    from order_reviews
    group by review_id

),

recent_orders as (

    select
        order_id,
        delivered_at is null
        or delivered_at >= {{ look_back_date }} as is_undelivered
    from orders
    where
        ordered_at >= {{ add_days(look_back_date, -look_back_days) }}
        and ordered_at < {{ look_back_date }}

),

recent_reviews as (

    select
        order_reviews.answered_at is null
        or order_reviews.answered_at >= {{ look_back_date }} as is_unanswered
    from order_reviews
    inner join recent_orders
        on order_reviews.order_id = recent_orders.order_id

),

latest_order as (

    select max(ordered_at) as ordered_at from orders

),

customer_counts as (

    select
        (select count(*) from customers) as order_customers,
        count(*) as people,
        count(case when postal_code_count > 1 then 1 end)
            as people_with_several_postal_codes
    from people

),

person_counts as (

    select
        {% for count in order_counts %}
        count(case when order_count = {{ count }} then 1 end)
            as people_with_{{ count }}_orders,
        {% endfor %}
        {{ ratio('count(case when order_count = 1 then 1 end)', 'count(*)') }}
            as share_of_people_with_one_order
    from orders_per_person

),

gap_counts as (

    select
        count(former_ordered_at) as gaps_between_orders,
        count(
            case
                when
                    {{ seconds_between('former_ordered_at', 'ordered_at') }}
                    < {{ day_seconds }}
                    then 1
            end
        ) as gaps_under_24_hours,
        percentile_disc(0.5) within group (
            order by {{ days_between('former_ordered_at', 'ordered_at') }}
        ) as median_gap_days
    from orders_of_people
    where former_ordered_at is not null

),

day_counts as (

    select
        count(*) as repeat_purchase_days,
        percentile_disc(0.5) within group (order by gap_days)
            as median_gap_days_between_days
    from gaps_between_days
    where gap_days is not null

),

repeater_counts as (

    select count(*) as people_with_several_purchase_days
    from days_per_person
    where day_count > 1

),

order_counts as (

    select
        {% for status in statuses %}
        count(case when order_status = '{{ status }}' then 1 end)
            as orders_{{ status }},
        {% endfor %}
        {% for month in months %}
        count(
            case
                when
                    {{ dbt.date_trunc('month', 'ordered_at') }}
                    = {{ date_literal(month) }}
                    then 1
            end
        ) as orders_of_{{ month[:4] }}_{{ month[5:7] }},
        {% endfor %}
        count(
            case
                when order_status = 'delivered' and delivered_at is null then 1
            end
        ) as delivered_without_a_date,
        count(
            case
                when order_status = 'canceled' and delivered_at is not null
                    then 1
            end
        ) as canceled_with_a_delivery_date,
        count(
            case
                when order_status = 'delivered' and approved_at is null then 1
            end
        ) as delivered_without_approval,
        count(case when shipped_at < approved_at then 1 end)
            as shipped_before_approval,
        count(case when delivered_at < shipped_at then 1 end)
            as delivered_before_shipped
    from orders

),

latest_counts as (

    select
        extract(year from latest_order.ordered_at) * 10000
        + extract(month from latest_order.ordered_at) * 100
        + extract(day from latest_order.ordered_at) as latest_order_date,
        (
            select count(*)
            from orders
            where
                orders.ordered_at = latest_order.ordered_at
                and orders.order_status = 'canceled'
        ) as latest_orders_canceled
    from latest_order

),

recent_counts as (

    select
        count(*) as orders_of_30_days,
        {{ ratio('count(case when is_undelivered then 1 end)', 'count(*)') }}
            as undelivered_share_of_30_days
    from recent_orders

),

recent_review_counts as (

    select
        {{ ratio('count(case when is_unanswered then 1 end)', 'count(*)') }}
            as unanswered_share_of_30_days
    from recent_reviews

),

review_counts as (

    select
        count(*) as review_rows,
        count(distinct review_id) as review_ids,
        count(distinct order_id) as reviewed_orders,
        count(*) - count(sent_at) as reviews_without_sending_date,
        count(*) - count(answered_at) as reviews_without_answer_date,
        sum(
            length(coalesce(comment_title, ''))
            - length(replace(coalesce(comment_title, ''), chr(10), ''))
            + length(coalesce(comment_message, ''))
            - length(replace(coalesce(comment_message, ''), chr(10), ''))
        ) as line_breaks_in_reviews
    from order_reviews

),

review_key_counts as (

    select
        (
            select count(*)
            from reviews_per_order
            where review_count > 1
        ) as orders_with_several_reviews,
        (
            select count(*)
            from orders_per_review
            where order_count > 1
        ) as review_ids_on_several_orders

),

fifth_counts as (

    select
        {{ ratio(
            'count(case when order_count = 1 then 1 end)', 'count(*)'
        ) }} as one_time_buyers_share_of_ntile_5
    from fifths
    where fifth = 5

),

fifth_range_counts as (

    select max(fifth) as highest_ntile_of_one_time_buyers
    from fifth_ranges
    where most_orders = 1

),

measured as (

    select
        customer_counts.*,
        person_counts.*,
        gap_counts.*,
        day_counts.*,
        repeater_counts.*,
        order_counts.*,
        latest_counts.*,
        recent_counts.*,
        recent_review_counts.*,
        review_counts.*,
        review_key_counts.*,
        fifth_counts.*,
        fifth_range_counts.*,
        review_counts.review_rows + review_counts.line_breaks_in_reviews
            as lines_of_the_reviews_file
    from customer_counts
    cross join person_counts
    cross join gap_counts
    cross join day_counts
    cross join repeater_counts
    cross join order_counts
    cross join latest_counts
    cross join recent_counts
    cross join recent_review_counts
    cross join review_counts
    cross join review_key_counts
    cross join fifth_counts
    cross join fifth_range_counts

),

int_olist__measure_order_facts as (

    {%- for fact_id in fact_ids %}
    select
        '{{ fact_id }}' as fact_id,
        cast({{ fact_id }} as decimal(18, 4)) as found
    from measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from int_olist__measure_order_facts
