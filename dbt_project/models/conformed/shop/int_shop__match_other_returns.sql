{# One row per returned line that undoes no line exactly: the earlier lines of
   the same person and product that are left cover it as a whole, in part, or
   not at all. Pieces are put on a pile, and a return takes the top ones; the
   order that it undoes is the one whose pieces lay on top. -#}
with

matched_lines as (

    select * from {{ ref('int_shop__match_exact_returns') }}

),

lines as (

    select * from matched_lines
    where not is_matched

),

pushed as (

    select
        *,
        sum(case when is_return then -quantity else quantity end) over (
            partition by customer_id, product_id
            order by event_number
            rows between unbounded preceding and current row
        ) as piece_balance
    from lines

),

piled as (

    select
        *,
        piece_balance - least(
            0,
            min(piece_balance) over (
                partition by customer_id, product_id
                order by event_number
                rows between unbounded preceding and current row
            )
        ) as pile_height
    from pushed

),

heights as (

    select
        *,
        coalesce(
            lag(pile_height) over (
                partition by customer_id, product_id order by event_number
            ),
            0
        ) as former_height
    from piled

),

undone as (

    select
        returned.event_number,
        max(sold.event_number) as undone_event_number
    from heights as returned
    inner join heights as sold
        on
            returned.customer_id = sold.customer_id
            and returned.product_id = sold.product_id
            and returned.event_number > sold.event_number
            and returned.former_height > sold.former_height
            and returned.former_height <= sold.pile_height
    where
        returned.is_return
        and not sold.is_return
    group by returned.event_number

),

int_shop__match_other_returns as (

    select
        returned.event_number,
        sold.order_id as undone_order_id,
        case
            when returned.former_height >= returned.quantity then 'whole'
            when returned.former_height > 0 then 'partial'
            else 'unmatched'
        end as match_kind
    from heights as returned
    left join undone
        on returned.event_number = undone.event_number
    left join heights as sold
        on undone.undone_event_number = sold.event_number
    where returned.is_return

)

select * from int_shop__match_other_returns
