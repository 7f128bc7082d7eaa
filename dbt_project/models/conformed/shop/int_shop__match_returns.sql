{# One row per return that names no purchase, with the purchase it undoes. The
   returns of one person and product are taken one after the other; each leaves
   less of the lines that were sold. A return undoes the latest earlier line of
   its very quantity and price of which nothing has come back yet. If there is
   none, it takes what is left of earlier lines: first of those of its price,
   the latest first, then of the others. -#}
with recursive

ledger_lines as (

    select * from {{ ref('stg_shop__ledger_lines') }}
    where
        line_kind = 'sale'
        and customer_id is not null
        and product_id is not null

),

returns as (

    select * from {{ ref('stg_shop__returns') }}
    where
        (origin = 'line' or order_id is null)
        and customer_id is not null
        and product_id is not null
        and quantity is not null
        and returned_at is not null

),

numbered_returns as (

    select
        return_id,
        line_number,
        customer_id,
        product_id,
        returned_at,
        quantity,
        unit_price,
        row_number() over (
            partition by customer_id, product_id
            order by
                returned_at asc, return_id asc nulls last, line_number asc,
                quantity asc, unit_price asc nulls last
        ) as return_number
    from returns

),

returned_products as (

    select
        customer_id,
        product_id
    from numbered_returns
    group by customer_id, product_id

),

sold_lines as (

    select
        ledger_lines.customer_id,
        ledger_lines.product_id,
        ledger_lines.order_id,
        ledger_lines.ordered_at,
        ledger_lines.quantity,
        ledger_lines.unit_price,
        row_number() over (
            partition by ledger_lines.customer_id, ledger_lines.product_id
            order by
                ledger_lines.ordered_at asc, ledger_lines.file_name asc,
                ledger_lines.sheet_name asc nulls first,
                ledger_lines.row_number asc
        ) as sold_number
    from ledger_lines
    inner join returned_products
        on
            ledger_lines.customer_id = returned_products.customer_id
            and ledger_lines.product_id = returned_products.product_id

),

-- Of each line what was left before a return, and what the return took of it.
takings as (

    select
        *,
        cast(0 as bigint) as return_number,
        quantity as left_quantity,
        cast(0 as decimal(18, 3)) as taken_quantity,
        false as is_exact,
        false as is_nearest
    from sold_lines
    union all
    (
        with

        offered_lines as (

            select
                takings.customer_id,
                takings.product_id,
                takings.order_id,
                takings.ordered_at,
                takings.quantity,
                takings.unit_price,
                takings.sold_number,
                numbered_returns.return_number,
                numbered_returns.quantity as wanted_quantity,
                case
                    when takings.ordered_at <= numbered_returns.returned_at
                        then takings.left_quantity - takings.taken_quantity
                    else 0
                end as offered_quantity,
                takings.left_quantity - takings.taken_quantity as left_quantity,
                coalesce(
                    takings.unit_price = numbered_returns.unit_price,
                    takings.unit_price is null
                    and numbered_returns.unit_price is null
                ) as is_of_its_price
            from takings
            inner join numbered_returns
                on
                    takings.customer_id = numbered_returns.customer_id
                    and takings.product_id = numbered_returns.product_id
                    and takings.return_number + 1
                    = numbered_returns.return_number
            where takings.left_quantity > takings.taken_quantity

        ),

        ranked_lines as (

            select
                *,
                max(
                    case
                        when
                            is_of_its_price
                            and quantity = wanted_quantity
                            and quantity = offered_quantity
                            then sold_number
                    end
                ) over (
                    partition by customer_id, product_id
                ) as exact_sold_number,
                coalesce(
                    sum(offered_quantity) over (
                        partition by customer_id, product_id
                        order by is_of_its_price desc, sold_number desc
                        rows between unbounded preceding and 1 preceding
                    ),
                    0
                ) as nearer_quantity
            from offered_lines

        ),

        taken_lines as (

            select
                *,
                cast(
                    case
                        when exact_sold_number = sold_number then quantity
                        when exact_sold_number is not null then 0
                        else greatest(
                            0,
                            least(
                                offered_quantity,
                                wanted_quantity - nearer_quantity
                            )
                        )
                    end as decimal(18, 3)
                ) as taken_quantity
            from ranked_lines

        )

        select
            customer_id,
            product_id,
            order_id,
            ordered_at,
            quantity,
            unit_price,
            sold_number,
            return_number,
            left_quantity,
            taken_quantity,
            coalesce(exact_sold_number = sold_number, false) as is_exact,
            taken_quantity > 0
            and (exact_sold_number is not null or nearer_quantity = 0)
                as is_nearest
        from taken_lines
    )

),

int_shop__match_returns as (

    select
        numbered_returns.return_id,
        numbered_returns.line_number,
        numbered_returns.quantity,
        max(
            case when takings.is_nearest then takings.order_id end
        ) as undone_order_id,
        case
            when coalesce(max(cast(takings.is_exact as integer)), 0) = 1
                then 'exact'
            when sum(takings.taken_quantity) = numbered_returns.quantity
                then 'whole'
            when sum(takings.taken_quantity) > 0 then 'partial'
            else 'unmatched'
        end as match_kind
    from numbered_returns
    left join takings
        on
            numbered_returns.customer_id = takings.customer_id
            and numbered_returns.product_id = takings.product_id
            and numbered_returns.return_number = takings.return_number
    group by
        numbered_returns.return_id, numbered_returns.line_number,
        numbered_returns.quantity

)

select
    return_id,
    line_number,
    undone_order_id,
    match_kind
from int_shop__match_returns
