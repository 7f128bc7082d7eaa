-- All snapshots in one statement, tuned for DuckDB by hand: running totals per person, each valid
-- until the person's next event, joined with the dates; only orders under way are looked at date by
-- date. Written apart from the model, from the definitions in seeds/feature_catalog.csv.
with item_points as (
    select
        o.customer_id, o.order_id, o.ordered_at, i.order_item_number, i.product_id, i.seller_id,
        p.category_name,
        round(
            case when c.latitude is not null and s.latitude is not null then
                2 * 6371.0088 * asin(least(1.0, sqrt(
                    pow(sin(radians(s.latitude - c.latitude) / 2), 2)
                    + cos(radians(c.latitude)) * cos(radians(s.latitude))
                    * pow(sin(radians(s.longitude - c.longitude) / 2), 2)
                ))) end, 3
        )::decimal(18, 3) as km
    from canonical.order_items as i
    join canonical.orders as o using (order_id)
    join canonical.products as p using (product_id)
    join canonical.sellers as v using (seller_id)
    left join canonical.postal_codes as c on o.postal_code = c.postal_code
    left join canonical.postal_codes as s on v.postal_code = s.postal_code
),
firsts as (
    select order_id, count(*) filter (kind = 'product') as products,
        count(*) filter (kind = 'category') as categories,
        count(*) filter (kind = 'seller') as sellers
    from (
        select 'product' as kind, arg_min(order_id, (ordered_at, order_id)) as order_id
        from item_points group by customer_id, product_id
        union all
        select 'category', arg_min(order_id, (ordered_at, order_id))
        from item_points where category_name is not null group by customer_id, category_name
        union all
        select 'seller', arg_min(order_id, (ordered_at, order_id))
        from item_points group by customer_id, seller_id
    ) group by order_id
),
baskets as (
    select order_id, (sum(km)::double / count(km))::decimal(18, 3) as km
    from item_points group by order_id
),
vouchers as (
    select order_id, sum(paid_amount) as amount
    from canonical.payments where payment_type = 'voucher' group by order_id
),
days as (
    select *,
        lag(ordered_at) over w as second_at,
        lag(ordered_at, 2) over w as third_at,
        lead(ordered_at) over w as valid_until,
        lag(ordered_at::date) over w is distinct from ordered_at::date as is_new_day
    from canonical.orders
    window w as (partition by customer_id order by ordered_at, order_id)
),
gaps as (
    select *,
        ordered_at::date - lag(ordered_at::date) over (
            partition by customer_id, is_new_day order by ordered_at, order_id
        ) as gap
    from days
),
placed as (
    select
        g.customer_id, g.ordered_at, g.valid_until, g.second_at, g.third_at,
        g.postal_code, g.city, g.state,
        first_value(g.ordered_at) over w as first_at,
        count(*) over w as order_count,
        count(*) filter (g.is_new_day) over w as purchase_day_count,
        sum(nullif(g.item_count, 0)) over w as item_count,
        sum(f.products) over w as product_count,
        case when max(g.item_count) over w > 0
            then coalesce(sum(f.categories) over w, 0) end as category_count,
        sum(f.sellers) over w as seller_count,
        sum(g.paid_amount) over w as paid,
        max(g.paid_amount) over w as largest,
        sum(g.freight_amount) filter (g.item_count > 0) over w as freight,
        sum(g.item_amount + g.freight_amount) filter (g.item_count > 0) over w as bill,
        sum(g.installment_count) over w as instalments,
        count(g.installment_count) over w as paid_orders,
        coalesce(sum(v.amount) over w, 0) as voucher,
        count(*) filter (isodow(g.ordered_at) >= 6) over w as weekend,
        last_value(case when g.is_new_day then g.gap end ignore nulls) over w as gap,
        sum(b.km) over w as km,
        count(b.km) over w as km_count
    from gaps as g
    left join firsts as f using (order_id)
    left join baskets as b using (order_id)
    left join vouchers as v using (order_id)
    window w as (
        partition by g.customer_id order by g.ordered_at, g.order_id rows unbounded preceding
    )
),
delivered as (
    select customer_id, known_at,
        lead(known_at) over w as valid_until,
        count(*) over v as delivered,
        sum(date_diff('second', ordered_at, delivered_at)) over v as seconds,
        count(*) filter (delivered_at::date > estimated_delivery_date) over v as late,
        max(greatest(delivered_at::date - estimated_delivery_date, 0)) over v as worst
    from (
        select *, greatest(delivered_at, ordered_at) as known_at
        from canonical.orders where delivered_at is not null
    )
    window w as (partition by customer_id order by known_at, order_id),
        v as (partition by customer_id order by known_at, order_id rows unbounded preceding)
),
under_way as (
    select o.customer_id, d.as_of_date,
        count(*) as open,
        count(*) filter (
            coalesce(o.approved_at >= d.as_of_date, true)
            and coalesce(o.shipped_at >= d.as_of_date, true)
        ) as unapproved,
        count(*) filter (coalesce(o.shipped_at >= d.as_of_date, true)) as unshipped,
        count(*) filter (o.estimated_delivery_date < d.as_of_date) as overdue,
        max(greatest(d.as_of_date - o.estimated_delivery_date, 0)) as worst
    from canonical.orders as o
    join features.as_of_dates as d
        on o.ordered_at < d.as_of_date and coalesce(o.delivered_at >= d.as_of_date, true)
    group by all
),
reviewed as (
    select customer_id, known_at,
        lead(known_at) over w as valid_until,
        count(*) over v as reviews,
        sum(review_score) over v as stars,
        min(review_score) over v as lowest,
        count(*) filter (is_commented) over v as commented
    from (
        select o.customer_id, r.*, greatest(r.answered_at, o.ordered_at) as known_at
        from canonical.reviews as r join canonical.orders as o using (order_id)
        where r.answered_at is not null
    )
    window w as (partition by customer_id order by known_at, review_id, order_id),
        v as (
            partition by customer_id order by known_at, review_id, order_id
            rows unbounded preceding
        )
)
select
    p.customer_id,
    d.as_of_date,
    (d.as_of_date - p.ordered_at::date)::integer as recency_days,
    (d.as_of_date - p.first_at::date)::integer as tenure_days,
    p.order_count::integer as order_count,
    p.purchase_day_count::integer as purchase_day_count,
    p.item_count::integer as item_count,
    p.product_count::integer as product_count,
    p.category_count::integer as category_count,
    p.seller_count::integer as seller_count,
    p.paid::decimal(18, 2) as paid_amount,
    p.paid::double / p.order_count as average_order_amount,
    p.largest::decimal(18, 2) as largest_order_amount,
    -- This shop's files know of no returns.
    null::integer as return_count,
    null::double as returned_share,
    null::decimal(18, 2) as net_amount,
    p.freight::double / nullif(p.bill::double, 0) as freight_share,
    p.instalments::double / nullif(p.paid_orders::double, 0) as average_installment_count,
    p.voucher::double / nullif(p.paid::double, 0) as voucher_share,
    coalesce(r.reviews, 0)::integer as review_count,
    r.stars::double / r.reviews as average_review_score,
    r.lowest::integer as lowest_review_score,
    r.commented::double / r.reviews as commented_share,
    coalesce(v.delivered, 0)::integer as delivered_order_count,
    coalesce(u.open, 0)::integer as open_order_count,
    coalesce(u.unapproved, 0)::integer as unapproved_order_count,
    coalesce(u.unshipped, 0)::integer as unshipped_order_count,
    coalesce(u.overdue, 0)::integer as overdue_order_count,
    v.seconds::double / (v.delivered * 86400)::double as average_delivery_days,
    v.late::double / v.delivered as late_delivery_share,
    greatest(v.worst, u.worst)::integer as worst_late_days,
    p.weekend::double / p.order_count as weekend_order_share,
    (d.as_of_date - p.ordered_at::date)::double / 30.436875::double as last_order_months,
    (d.as_of_date - p.second_at::date)::double / 30.436875::double as second_last_order_months,
    (d.as_of_date - p.third_at::date)::double / 30.436875::double as third_last_order_months,
    (p.ordered_at::date - p.first_at::date)::double
        / nullif((p.purchase_day_count - 1)::double, 0) as average_gap_days,
    p.gap::integer as last_gap_days,
    p.km::double / nullif(p.km_count::double, 0) as average_seller_distance_km,
    p.postal_code,
    p.city,
    p.state
from placed as p
join features.as_of_dates as d
    on p.ordered_at < d.as_of_date and coalesce(p.valid_until >= d.as_of_date, true)
left join delivered as v
    on p.customer_id = v.customer_id and v.known_at < d.as_of_date
    and coalesce(v.valid_until >= d.as_of_date, true)
left join under_way as u
    on p.customer_id = u.customer_id and u.as_of_date = d.as_of_date
left join reviewed as r
    on p.customer_id = r.customer_id and r.known_at < d.as_of_date
    and coalesce(r.valid_until >= d.as_of_date, true)
