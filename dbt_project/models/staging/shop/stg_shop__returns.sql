with

returns as (

    select * from {{ source('shop', 'returns') }}

),

stg_shop__returns as (

    select
        return_id,
        line_number,
        order_id,
        customer_id,
        product_id,
        product_kind,
        is_merchandise,
        quantity,
        unit_price,
        returned_amount,
        returned_at,
        origin,
        merchandise_amount
    from returns

)

select * from stg_shop__returns
