"""The operations marts on the published files, beside queries written from their definitions.

Each query reads schema `raw` only and is put together in another way than the model: from the
items outward, with `distinct`, `filter` and `exists`, its edges spelled out as dates.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from real_data import needs_data_set

pytestmark = needs_data_set("olist")

# As-of date: three months and twelve months before it, by the calendar.
EDGES = {"2018-08-30": ("2018-05-30", "2017-08-30"), "2018-03-01": ("2017-12-01", "2017-03-01")}


@pytest.fixture(scope="module")
def built(olist, tmp_path_factory):
    """The real shop as of each date; as of the earlier one only what the requests are made of."""
    march = olist.copy_to(tmp_path_factory.mktemp("requests-in-march"))
    requests = [f"+{mart}" for mart in REQUESTS]
    march.run("dbt", "run", "--select", *requests, REGULARS_AS_OF_DATE="2018-03-01")
    return {"2018-08-30": olist, "2018-03-01": march}


def assert_same_rows(rows, expected):
    """In the same order; means to 1e-12 of their size, everything else exactly."""
    assert len(rows) == len(expected)
    for one, other in zip(rows, expected, strict=True):
        assert len(one) == len(other)
        for ours, theirs in zip(one, other, strict=True):
            if isinstance(ours, float) and theirs is not None:
                assert ours == pytest.approx(float(theirs), rel=1e-12, abs=1e-12), (one, other)
            else:
                assert ours == theirs, (one, other)


LATE = """
    select o.order_id, c.customer_unique_id, o.order_purchase_timestamp,
        o.order_delivered_customer_date,
        (select coalesce(sum(payment_value), 0) from raw.order_payments as p
         where p.order_id = o.order_id),
        (select count(distinct seller_id) from raw.order_items as i
         where i.order_id = o.order_id),
        c.customer_state
    from raw.customers as c
    join raw.orders as o using (customer_id)
    where o.order_status <> 'canceled'
        and o.order_purchase_timestamp between timestamp '{three_months}'
            and timestamp '{as_of}' - interval 1 second
        and o.order_delivered_customer_date < timestamp '{as_of}'
        and o.order_delivered_customer_date
            >= o.order_estimated_delivery_date + interval 3 day
    order by o.order_id
"""

LARGE = """
    select i.seller_id, sum(i.price) + sum(i.freight_value), count(distinct i.order_id)
    from raw.order_items as i
    where exists (
        from raw.orders as o
        where o.order_id = i.order_id
            and o.order_status <> 'canceled' and o.order_status <> 'unavailable'
            and o.order_delivered_customer_date < timestamp '{as_of}'
    )
    group by i.seller_id
    having sum(i.price) + sum(i.freight_value) > 100000
    order by i.seller_id
"""

BUSY = """
    with pieces as (
        select i.seller_id, i.product_id, o.order_id, o.order_purchase_timestamp as sold_at,
            min(o.order_purchase_timestamp) over (partition by i.seller_id) as first_sold_at
        from raw.orders as o
        join raw.order_items as i using (order_id)
        where o.order_purchase_timestamp < timestamp '{as_of}'
            and not (o.order_status = 'canceled' or o.order_status = 'unavailable')
    )
    select seller_id, first_sold_at, count(*), count(distinct product_id),
        count(distinct order_id)
    from pieces
    where first_sold_at > timestamp '{three_months}'
    group by all
    having count(*) >= 31
    order by seller_id
"""

WORST = """
    with counted as (
        select distinct s.seller_zip_code_prefix as prefix, r.review_id, r.order_id,
            r.review_score
        from raw.order_reviews as r, raw.order_items as i, raw.sellers as s
        where r.order_id = i.order_id and i.seller_id = s.seller_id
            and r.review_answer_timestamp >= timestamp '{twelve_months}'
            and r.review_answer_timestamp < timestamp '{as_of}'
    )
    select prefix, count(*), avg(review_score)
    from counted
    group by prefix
    having count(*) >= 31
    order by sum(review_score) / count(*), count(*) desc, prefix
    limit 5
"""

# Request: the mart's columns in the query's order, and the query.
REQUESTS = {
    "late_recent_orders": (
        "order_id, customer_id, ordered_at, delivered_at, paid_amount, seller_count, state",
        "order_id",
        LATE,
    ),
    "large_sellers": ("seller_id, delivered_amount, delivered_order_count", "seller_id", LARGE),
    "busy_new_sellers": (
        "seller_id, first_sale_at, item_count, product_count, order_count",
        "seller_id",
        BUSY,
    ),
    "worst_reviewed_postal_codes": (
        "postal_code, review_count, average_review_score",
        "review_rank",
        WORST,
    ),
}


@pytest.mark.parametrize("as_of_date", EDGES)
@pytest.mark.parametrize("mart", REQUESTS)
def test_each_standing_request_has_the_rows_of_a_query_on_the_raw_files(built, mart, as_of_date):
    columns, ordering, query = REQUESTS[mart]
    three_months, twelve_months = EDGES[as_of_date]
    shop = built[as_of_date]
    expected = shop.rows(
        query.format(as_of=as_of_date, three_months=three_months, twelve_months=twelve_months)
    )
    assert len(expected) >= 5
    assert_same_rows(shop.rows(f"select {columns} from marts.{mart} order by {ordering}"), expected)


def test_the_four_requests_have_the_answers_that_were_counted_in_the_files(built):
    """Found in the raw tables before there was a model."""
    counts = {
        as_of_date: [
            shop.rows(f"select count(*) from marts.{mart}")[0][0]
            for mart in ("late_recent_orders", "large_sellers", "busy_new_sellers")
        ]
        for as_of_date, shop in built.items()
    }
    assert counts == {"2018-08-30": [376, 19, 10], "2018-03-01": [499, 9, 12]}
    worst = {
        as_of_date: shop.rows(
            "select postal_code, review_count from marts.worst_reviewed_postal_codes "
            "order by review_rank"
        )
        for as_of_date, shop in built.items()
    }
    assert worst == {
        "2018-08-30": [("06506", 114), ("22793", 33), ("13101", 199), ("03017", 84), ("37584", 68)],
        "2018-03-01": [("06506", 91), ("85851", 57), ("05455", 38), ("88359", 41), ("03017", 86)],
    }


@pytest.fixture(scope="module")
def today(built):
    """As of 2018-08-30."""
    return built["2018-08-30"]


# One row per piece of a valid order before the as-of date, with what its order is known for.
PIECES = """
    pieces as (
        select i.*, o.*, c.customer_unique_id as person,
            coalesce(o.order_delivered_customer_date < timestamp '2018-08-30', false) as came,
            came and cast(o.order_delivered_customer_date as date)
                > cast(o.order_estimated_delivery_date as date) as came_late
        from raw.order_items as i
        join raw.orders as o using (order_id)
        join raw.customers as c using (customer_id)
        where o.order_status not in ('canceled', 'unavailable')
            and o.order_purchase_timestamp < timestamp '2018-08-30'
    ),
    answers as (
        select review_id, order_id, review_score from raw.order_reviews
        where review_answer_timestamp < timestamp '2018-08-30'
    )
"""


def test_every_day_has_the_orders_and_money_of_the_raw_files(today):
    expected = today.rows(
        """
        with valid as (
            select cast(order_purchase_timestamp as date) as day, order_id,
                customer_unique_id as person,
                cast(min(order_purchase_timestamp) over (partition by customer_unique_id) as date)
                    as first_day
            from raw.orders join raw.customers using (customer_id)
            where order_status not in ('canceled', 'unavailable')
                and order_purchase_timestamp < timestamp '2018-08-30'
        )
        select day,
            (select count(*) from valid where valid.day = d.day),
            (select count(distinct person) from valid where valid.day = d.day),
            (select count(distinct person) from valid
             where valid.day = d.day and first_day = d.day),
            (select count(*) from raw.order_items join valid using (order_id)
             where valid.day = d.day),
            (select coalesce(sum(price), 0) from raw.order_items join valid using (order_id)
             where valid.day = d.day),
            (select coalesce(sum(freight_value), 0)
             from raw.order_items join valid using (order_id) where valid.day = d.day),
            (select coalesce(sum(payment_value), 0)
             from raw.order_payments join valid using (order_id) where valid.day = d.day),
            (select count(*) from raw.orders
             where order_status in ('canceled', 'unavailable')
                and cast(order_purchase_timestamp as date) = d.day)
        from (
            select cast(range as date) as day
            from range(timestamp '2016-09-04', timestamp '2018-08-30', interval 1 day)
        ) as d
        order by day
        """
    )
    rows = today.rows(
        """
        select order_date, order_count, customer_count, new_customer_count, item_count,
            item_amount, freight_amount, paid_amount, invalid_order_count
        from marts.orders_daily order by order_date
        """
    )
    # From 2016-09-04: 27 days of September, 92 to the year's end, 365, then 242 to August 30.
    assert len(rows) == 26 + 1 + 92 + 365 + 241
    assert_same_rows(rows, expected)
    # The published figures of RFM: 98,206 valid orders of 94,990 people.
    assert today.rows(
        "select sum(order_count), sum(new_customer_count), sum(paid_amount) from marts.orders_daily"
    ) == [(98_206, 94_990, Decimal("15738970.55"))]


def test_every_category_sold_what_the_raw_files_say(today):
    expected = today.rows(
        f"""
        with {PIECES}, named as (
            select pieces.*, coalesce(
                product_category_name_english, product_category_name, 'without category'
            ) as category
            from pieces
            left join raw.products using (product_id)
            left join raw.product_category_name_translation using (product_category_name)
        ), stars as (
            select category, count(*) as answers, avg(review_score) as mean_stars
            from (
                select distinct category, review_id, order_id, review_score
                from named join answers using (order_id)
            )
            group by category
        ), days as (
            select category, avg(cast(several as integer)) as repeat_share
            from (
                select category, person,
                    count(distinct cast(order_purchase_timestamp as date)) > 1 as several
                from named group by category, person
            )
            group by category
        )
        select category, count(distinct order_id), count(distinct person),
            count(distinct product_id), count(distinct seller_id), count(*), sum(price),
            sum(freight_value), sum(price) / (select sum(price) from pieces), avg(price),
            coalesce(any_value(answers), 0), any_value(mean_stars),
            count(distinct order_id) filter (came),
            count(distinct order_id) filter (came_late)
                / nullif(count(distinct order_id) filter (came), 0),
            any_value(repeat_share)
        from named
        left join stars using (category)
        left join days using (category)
        group by category
        order by category
        """
    )
    rows = today.rows(
        """
        select category_name, order_count, customer_count, product_count, seller_count,
            item_count, item_amount, freight_amount, revenue_share, average_item_amount,
            review_count, average_review_score, delivered_order_count, late_share,
            repeat_customer_share
        from marts.category_performance order by category_name
        """
    )
    # 71 translated categories, two that are not (pitfall 13), and the products without one.
    assert len(rows) == 71 + 2 + 1
    assert_same_rows(rows, expected)


def test_every_seller_sold_what_the_raw_files_say(today):
    expected = today.rows(
        f"""
        with {PIECES}, stars as (
            select seller_id, count(*) as answers, avg(review_score) as mean_stars
            from (
                select distinct seller_id, review_id, order_id, review_score
                from pieces join answers using (order_id)
            )
            group by seller_id
        ), handed as (
            select seller_id, avg(seconds) / 86400 as mean_days
            from (
                select distinct seller_id, order_id,
                    epoch(order_delivered_carrier_date) - epoch(order_purchase_timestamp)
                        as seconds
                from pieces
                where order_delivered_carrier_date < timestamp '2018-08-30'
            )
            where seconds >= 0
            group by seller_id
        )
        select seller_id, any_value(seller_zip_code_prefix), any_value(seller_state),
            min(order_purchase_timestamp), max(order_purchase_timestamp),
            max(order_purchase_timestamp) >= timestamp '2018-06-01',
            count(distinct order_id), count(distinct person), count(distinct product_id),
            count(*), sum(price), sum(freight_value), count(distinct order_id) filter (came),
            coalesce(sum(price + freight_value) filter (came), 0),
            coalesce(any_value(answers), 0), any_value(mean_stars),
            count(distinct order_id) filter (came_late)
                / nullif(count(distinct order_id) filter (came), 0),
            any_value(mean_days)
        from pieces
        join raw.sellers using (seller_id)
        left join stars using (seller_id)
        left join handed using (seller_id)
        group by seller_id
        order by seller_id
        """
    )
    rows = today.rows(
        """
        select seller_id, postal_code, state, first_sale_at, last_sale_at, is_selling,
            order_count, customer_count, product_count, item_count, item_amount, freight_amount,
            delivered_order_count, delivered_amount, review_count, average_review_score,
            late_share, average_handover_days
        from marts.seller_performance order by seller_id
        """
    )
    assert len(rows) > 3_000
    assert_same_rows(rows, expected)


def test_every_state_and_month_was_served_as_the_raw_files_say(today):
    expected = today.rows(
        """
        with valid as (
            select customer_state as state, order_id,
                cast(date_trunc('month', order_purchase_timestamp) as date) as month,
                date_diff('day', cast(order_purchase_timestamp as date),
                    cast(order_estimated_delivery_date as date)) as promised,
                if(order_delivered_customer_date < timestamp '2018-08-30',
                    order_delivered_customer_date, null) as came_at,
                epoch(came_at - order_purchase_timestamp) / 86400 as days,
                date_diff('day', cast(order_estimated_delivery_date as date),
                    cast(came_at as date)) as behind
            from raw.orders join raw.customers using (customer_id)
            where order_status not in ('canceled', 'unavailable')
                and order_purchase_timestamp < timestamp '2018-08-30'
        ), stars as (
            select state, month, count(*) as answers, avg(review_score) as mean_stars
            from valid join raw.order_reviews using (order_id)
            where review_answer_timestamp < timestamp '2018-08-30'
            group by state, month
        ), money as (
            select state, month, sum(freight_value) / sum(price + freight_value) as freight_share
            from valid join raw.order_items using (order_id)
            group by state, month
        )
        select state, month, count(*), count(came_at), count(came_at) / count(*), avg(days),
            quantile_cont(days, 0.5), avg(promised), count(*) filter (behind > 0),
            count(*) filter (behind > 0) / nullif(count(came_at), 0),
            avg(behind) filter (behind > 0), coalesce(any_value(answers), 0),
            any_value(mean_stars), any_value(freight_share)
        from valid
        left join stars using (state, month)
        left join money using (state, month)
        group by state, month
        order by state, month
        """
    )
    rows = today.rows(
        """
        select state, order_month_date, order_count, delivered_order_count, delivered_share,
            average_delivery_days, median_delivery_days, average_promised_days,
            late_order_count, late_share, average_late_days, review_count,
            average_review_score, freight_share
        from marts.delivery_performance order by state, order_month_date
        """
    )
    assert len({state for state, *_ in rows}) == 27
    assert_same_rows(rows, expected)


def test_every_month_was_paid_as_the_raw_files_say(today):
    expected = today.rows(
        """
        with valid as (
            select p.*, strftime(o.order_purchase_timestamp, '%Y-%m-01') as month
            from raw.order_payments as p, raw.orders as o
            where p.order_id = o.order_id
                and o.order_status not in ('canceled', 'unavailable')
                and o.order_purchase_timestamp < timestamp '2018-08-30'
        )
        select cast(month as date), payment_type, count(*), count(distinct order_id),
            sum(payment_value),
            sum(payment_value) / (select sum(payment_value) from valid as v
                                  where v.month = valid.month),
            avg(payment_installments), avg(if(payment_installments > 1, 1, 0))
        from valid
        group by month, payment_type
        order by month, payment_type
        """
    )
    rows = today.rows(
        """
        select order_month_date, payment_type, payment_count, order_count, paid_amount,
            paid_share, average_installment_count, installment_payment_share
        from marts.payment_mix order by order_month_date, payment_type
        """
    )
    assert sum(row[4] for row in rows) == Decimal("15738970.55")
    assert_same_rows(rows, expected)
