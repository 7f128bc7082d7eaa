{# One row per person who ever ordered: a fingerprint of all that features and
   labels are made of. A row of it that was added, corrected or taken back
   changes it, and tells the incremental models whom to work out again. -#}
with

order_facts as (

    select * from {{ ref('order_facts') }}

),

reviews as (

    select * from {{ ref('reviews') }}

),

order_digests as (

    select
        customer_id,
        order_id,
        ordered_at,
        {{ row_digest([
            'order_id', 'ordered_at', 'approved_at', 'shipped_at',
            'delivered_at', 'estimated_delivery_date', 'is_valid_order',
            'item_count', 'item_amount', 'freight_amount',
            'new_product_count', 'new_category_count', 'new_seller_count',
            'seller_distance_km', 'order_amount', 'voucher_amount',
            'installment_count', 'postal_code', 'city', 'state',
        ]) }} as order_digest
    from order_facts

),

returns as (

    select * from {{ ref('returns') }}

),

returns_per_customer as (

    select
        customer_id,
        {{ dbt.listagg(
            row_digest(
                ['return_id', 'line_number', 'order_returned_amount', 'returned_at']
            ),
            "' '",
            'order by return_id, line_number'
        ) }} as return_digests
    from returns
    where customer_id is not null
    group by customer_id

),

reviews_per_order as (

    select
        order_id,
        {{ dbt.listagg(
            row_digest(
                ['review_id', 'review_score', 'is_commented', 'answered_at']
            ),
            "' '",
            'order by review_id'
        ) }} as review_digests
    from reviews
    group by order_id

),

facts as (

    select
        order_digests.customer_id,
        order_digests.order_id,
        order_digests.ordered_at,
        order_digests.order_digest
        || coalesce(reviews_per_order.review_digests, '') as fact_digest
    from order_digests
    left join reviews_per_order
        on order_digests.order_id = reviews_per_order.order_id

),

facts_per_customer as (

    select
        customer_id,
        min(ordered_at) as first_ordered_at,
        {{ dbt.listagg('fact_digest', "' '", 'order by order_id') }}
            as fact_digests
    from facts
    group by customer_id

),

customer_fact_digests as (

    select
        facts_per_customer.customer_id,
        facts_per_customer.first_ordered_at,
        {{ dbt.hash(
            "facts_per_customer.fact_digests"
            " || coalesce(returns_per_customer.return_digests, '')"
        ) }} as facts_digest
    from facts_per_customer
    left join returns_per_customer
        on facts_per_customer.customer_id = returns_per_customer.customer_id

)

select * from customer_fact_digests
