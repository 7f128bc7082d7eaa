with

ledger_lines as (

    select * from {{ source('shop', 'ledger_lines') }}

),

stg_shop__ledger_lines as (

    select
        file_name,
        sheet_name,
        row_number,
        order_id,
        customer_id,
        ordered_at,
        line_kind,
        product_id,
        product_name,
        category_name,
        product_kind,
        is_merchandise,
        quantity,
        unit_price,
        line_amount,
        line_discount_amount,
        item_amount,
        line_tax_amount,
        refunded_amount,
        refunded_quantity
    from ledger_lines

)

select * from stg_shop__ledger_lines
