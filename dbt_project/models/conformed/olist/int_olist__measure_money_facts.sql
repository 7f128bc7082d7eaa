{# One row per fact about items, payments and what joining them does to money;
   what each counts is said in the seed olist__published_data_facts.
   A left join repeats each payment of an order once per item and review, and an
   order without either once; so multiplying says what it would sum to. Tenfold
   is ten when rounded to a whole number, so nine and a half or more. -#}
{%- set statuses = [
    'unavailable', 'canceled', 'created', 'invoiced', 'shipped',
] -%}
{%- set fact_ids = [
    'orders_without_items', 'orders_without_payment', 'payments_of_nothing',
    'payments_not_defined', 'payments_without_instalments',
    'orders_with_several_payments', 'orders_with_payments_and_items',
    'orders_paid_otherwise', 'paid_amount', 'item_amount', 'freight_amount',
    'joined_by_product_amount', 'joined_by_product_excess_share',
    'joined_by_product_people', 'joined_by_product_tenfold',
    'joined_amount', 'joined_people', 'joined_tenfold',
    'latest_shipping_limit_date',
] -%}
{%- for status in statuses -%}
{%- do fact_ids.append('orders_without_items_' ~ status) -%}
{%- endfor -%}
with

customers as (

    select * from {{ ref('stg_olist__customers') }}

),

orders as (

    select * from {{ ref('stg_olist__orders') }}

),

order_items as (

    select * from {{ ref('stg_olist__order_items') }}

),

order_payments as (

    select * from {{ ref('stg_olist__order_payments') }}

),

order_reviews as (

    select * from {{ ref('stg_olist__order_reviews') }}

),

items_per_order as (

    select
        order_id,
        count(*) as item_count,
        count(distinct product_id) as product_count,
        sum(item_amount + freight_amount) as asked_amount
    from order_items
    group by order_id

),

payments_per_order as (

    select
        order_id,
        count(*) as payment_count,
        sum(paid_amount) as paid_amount
    from order_payments
    group by order_id

),

reviews_per_order as (

    select
        order_id,
        count(*) as review_count
    from order_reviews
    group by order_id

),

joined_orders as (

    select
        orders.order_id,
        orders.order_status,
        customers.customer_id,
        items_per_order.item_count,
        items_per_order.asked_amount,
        payments_per_order.payment_count,
        payments_per_order.paid_amount,
        payments_per_order.paid_amount
        * coalesce(items_per_order.item_count, 1)
        * coalesce(reviews_per_order.review_count, 1) as joined_amount,
        payments_per_order.paid_amount
        * coalesce(items_per_order.product_count, 1)
        * coalesce(reviews_per_order.review_count, 1)
            as joined_by_product_amount
    from orders
    inner join customers
        on orders.order_customer_id = customers.order_customer_id
    left join items_per_order
        on orders.order_id = items_per_order.order_id
    left join payments_per_order
        on orders.order_id = payments_per_order.order_id
    left join reviews_per_order
        on orders.order_id = reviews_per_order.order_id

),

people as (

    select
        customer_id,
        sum(paid_amount) as paid_amount,
        sum(joined_amount) as joined_amount,
        sum(joined_by_product_amount) as joined_by_product_amount
    from joined_orders
    group by customer_id

),

order_counts as (

    select
        {% for status in statuses %}
        count(
            case
                when item_count is null and order_status = '{{ status }}'
                    then 1
            end
        ) as orders_without_items_{{ status }},
        {% endfor %}
        count(*) - count(item_count) as orders_without_items,
        count(*) - count(payment_count) as orders_without_payment,
        count(case when payment_count > 1 then 1 end)
            as orders_with_several_payments,
        count(
            case
                when item_count is not null and payment_count is not null
                    then 1
            end
        ) as orders_with_payments_and_items,
        count(case when abs(paid_amount - asked_amount) > 0.01 then 1 end)
            as orders_paid_otherwise
    from joined_orders

),

payment_counts as (

    select
        count(case when paid_amount = 0 then 1 end) as payments_of_nothing,
        count(case when payment_type = 'not_defined' then 1 end)
            as payments_not_defined,
        count(case when installment_count = 0 then 1 end)
            as payments_without_instalments
    from order_payments

),

item_counts as (

    select
        sum(item_amount) as item_amount,
        sum(freight_amount) as freight_amount,
        max(
            extract(year from shipping_limit_at) * 10000
            + extract(month from shipping_limit_at) * 100
            + extract(day from shipping_limit_at)
        ) as latest_shipping_limit_date
    from order_items

),

people_counts as (

    select
        sum(paid_amount) as paid_amount,
        sum(joined_amount) as joined_amount,
        sum(joined_by_product_amount) as joined_by_product_amount,
        {{ ratio(
            'sum(joined_by_product_amount) - sum(paid_amount)',
            'sum(paid_amount)'
        ) }} as joined_by_product_excess_share,
        count(case when joined_amount > paid_amount then 1 end)
            as joined_people,
        count(case when joined_by_product_amount > paid_amount then 1 end)
            as joined_by_product_people,
        count(
            case
                when paid_amount > 0 and joined_amount >= paid_amount * 9.5
                    then 1
            end
        ) as joined_tenfold,
        count(
            case
                when
                    paid_amount > 0
                    and joined_by_product_amount >= paid_amount * 9.5
                    then 1
            end
        ) as joined_by_product_tenfold
    from people

),

measured as (

    select
        order_counts.*,
        payment_counts.*,
        item_counts.*,
        people_counts.*
    from order_counts
    cross join payment_counts
    cross join item_counts
    cross join people_counts

),

int_olist__measure_money_facts as (

    {%- for fact_id in fact_ids %}
    select
        '{{ fact_id }}' as fact_id,
        cast({{ fact_id }} as decimal(18, 4)) as found
    from measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from int_olist__measure_money_facts
