{# One row per returned line, with the order that it undoes. Returns that name
   no purchase are matched; a refund names its order, and what it takes back is
   held against what that order sold. -#}
with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

order_lines as (

    select * from {{ ref('stg_shop__order_lines') }}

),

returns as (

    select * from {{ ref('stg_shop__returns') }}

),

matched_returns as (

    select * from {{ ref('int_shop__match_returns') }}

),

sold_products as (

    select
        order_id,
        product_id,
        sum(quantity) as quantity,
        sum(item_amount) as item_amount
    from order_lines
    where
        line_kind = 'sale'
        and product_id is not null
    group by order_id, product_id

),

known_returns as (

    select
        returns.*,
        coalesce(matched_returns.undone_order_id, returns.order_id)
            as undone_order_id,
        matched_returns.match_kind,
        orders.ordered_at,
        coalesce(orders.total_amount, orders.item_amount) as order_amount,
        sold_products.quantity as sold_quantity,
        sold_products.item_amount as sold_amount
    from returns
    left join matched_returns
        on
            returns.return_id = matched_returns.return_id
            and returns.line_number = matched_returns.line_number
    left join orders
        on returns.order_id = orders.order_id
    left join sold_products
        on
            returns.order_id = sold_products.order_id
            and returns.product_id = sold_products.product_id

),

judged_returns as (

    select
        *,
        case
            when match_kind is not null then match_kind
            when ordered_at is null or returned_at < ordered_at
                then 'unmatched'
            when product_id is null and returned_amount = order_amount
                then 'exact'
            when product_id is null and returned_amount < order_amount
                then 'whole'
            when product_id is null then 'partial'
            when sold_quantity is null then 'unmatched'
            when quantity = sold_quantity then 'exact'
            when quantity < sold_quantity then 'whole'
            when quantity is null and returned_amount = sold_amount
                then 'exact'
            when quantity is null and returned_amount < sold_amount
                then 'whole'
            else 'partial'
        end as found_match_kind
    from known_returns

),

int_shop__conform_returns as (

    select
        return_id,
        line_number,
        case
            when found_match_kind <> 'unmatched' then undone_order_id
        end as order_id,
        customer_id,
        product_id,
        quantity,
        returned_amount,
        merchandise_amount,
        returned_at,
        found_match_kind as match_kind
    from judged_returns

)

select * from int_shop__conform_returns
