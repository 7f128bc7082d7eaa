{# One row per sold or returned line of a known person and product. A return
   undoes the latest earlier line of the very quantity and price that no other
   return undoes yet: lines are pushed on a pile, one per person, product,
   quantity and price, and a return takes the top one. So a return and the line
   it undoes stand at the same height, one after the other. -#}
with

ledger_lines as (

    select * from {{ ref('stg_shop__ledger_lines') }}

),

returns as (

    select * from {{ ref('stg_shop__returns') }}

),

lines as (

    select
        cast(null as varchar) as return_id,
        cast(null as bigint) as line_number,
        order_id,
        customer_id,
        product_id,
        ordered_at as happened_at,
        false as is_return,
        quantity,
        unit_price
    from ledger_lines
    where
        line_kind = 'sale'
        and customer_id is not null
        and product_id is not null
    union all
    select
        return_id,
        line_number,
        order_id,
        customer_id,
        product_id,
        returned_at as happened_at,
        true as is_return,
        quantity,
        unit_price
    from returns
    where
        (origin = 'line' or order_id is null)
        and customer_id is not null
        and product_id is not null
        and quantity is not null
        and returned_at is not null

),

numbered_lines as (

    select
        *,
        row_number() over (
            order by
                happened_at asc, is_return asc, order_id asc nulls last,
                return_id asc nulls first, line_number asc nulls first,
                product_id asc, unit_price asc nulls first, quantity asc
        ) as event_number
    from lines

),

pushed as (

    select
        *,
        sum(case when is_return then -1 else 1 end) over (
            partition by customer_id, product_id, quantity, unit_price
            order by event_number
            rows between unbounded preceding and current row
        ) as line_balance
    from numbered_lines

),

piled as (

    select
        *,
        line_balance - least(
            0,
            min(line_balance) over (
                partition by customer_id, product_id, quantity, unit_price
                order by event_number
                rows between unbounded preceding and current row
            )
        ) as pile_height
    from pushed

),

heights as (

    select
        *,
        case
            when is_return
                then coalesce(
                    lag(pile_height) over (
                        partition by
                            customer_id, product_id, quantity, unit_price
                        order by event_number
                    ),
                    0
                )
            else pile_height
        end as height
    from piled

),

int_shop__match_exact_returns as (

    select
        return_id,
        line_number,
        order_id,
        customer_id,
        product_id,
        is_return,
        quantity,
        event_number,
        case
            when is_return and height > 0
                then lag(order_id) over (
                    partition by
                        customer_id, product_id, quantity, unit_price, height
                    order by event_number
                )
        end as undone_order_id,
        coalesce(
            is_return and height > 0
            or not is_return and lead(is_return) over (
                partition by
                    customer_id, product_id, quantity, unit_price, height
                order by event_number
            ),
            false
        ) as is_matched
    from heights

)

select * from int_shop__match_exact_returns
