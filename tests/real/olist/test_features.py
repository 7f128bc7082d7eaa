"""Features and labels of the published files, worked out again from raw tables, and poisoned."""

from __future__ import annotations

from datetime import date

import pytest
from real_data import data_set_folder, needs_data_set
from shops import Shop
from time_travel import count_differences, load_and_run, poison_after

pytestmark = needs_data_set("olist")
DATES = ("2017-09-01", "2018-03-01", "2018-08-30")
SELECTED = ("--select", "+customer_feature_snapshots", "+customer_labels")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The published files, features as of the three dates only."""
    loaded_shop = Shop(data_set_folder("olist"), tmp_path_factory.mktemp("olist-features"))
    load_and_run(loaded_shop, *SELECTED, REGULARS_SNAPSHOT_DATES=",".join(DATES[:2]))
    return loaded_shop


def test_the_dates_asked_for_and_the_as_of_date_are_there_and_no_other(shop):
    rows = shop.rows(
        "select as_of_date, count(*) from features.customer_feature_snapshots group by 1 order by 1"
    )
    assert [str(day) for day, _ in rows] == list(DATES)
    # People with an order before the date, counted in the raw files.
    for day, count in rows:
        assert shop.rows(
            "select count(distinct customer_unique_id) from raw.orders "
            "inner join raw.customers using (customer_id) "
            f"where order_purchase_timestamp < timestamp '{day}'"
        ) == [(count,)]


# Straight from the nine files, one date at a time, by grouping what had happened before it.
BY_GROUPING = """
with o as (
    select c.customer_unique_id as customer_id, o.*, c.customer_zip_code_prefix as zip,
        c.customer_city, c.customer_state,
        o.order_purchase_timestamp as placed,
        o.order_delivered_customer_date < timestamp '{day}' as delivered,
        i.*, p.*
    from raw.orders as o
    inner join raw.customers as c using (customer_id)
    left join (
        select order_id, count(*) as items, sum(price) as price, sum(freight_value) as freight
        from raw.order_items group by order_id
    ) as i on i.order_id = o.order_id
    left join (
        select order_id, sum(payment_value) as paid, max(payment_installments) as instalments,
            sum(payment_value) filter (payment_type = 'voucher') as voucher
        from raw.order_payments group by order_id
    ) as p on p.order_id = o.order_id
    where o.order_purchase_timestamp < timestamp '{day}'
),
by_person as (
    select customer_id,
        date '{day}' - max(placed)::date as recency_days,
        date '{day}' - min(placed)::date as tenure_days,
        count(*) as order_count,
        count(distinct placed::date) as purchase_day_count,
        sum(items) as item_count,
        coalesce(sum(paid), 0) as paid_amount,
        coalesce(sum(paid), 0)::double / count(*) as average_order_amount,
        max(coalesce(paid, 0)) as largest_order_amount,
        sum(freight)::double / sum(price + freight)::double as freight_share,
        avg(instalments) as average_installment_count,
        coalesce(sum(voucher), 0)::double / nullif(sum(paid), 0)::double as voucher_share,
        count(*) filter (delivered) as delivered_order_count,
        count(*) filter (delivered is not true) as open_order_count,
        count(*) filter (
            delivered is not true
            and (order_delivered_carrier_date < timestamp '{day}') is not true
        ) as unshipped_order_count,
        count(*) filter (
            delivered is not true
            and (order_delivered_carrier_date < timestamp '{day}') is not true
            and (order_approved_at < timestamp '{day}') is not true
        ) as unapproved_order_count,
        count(*) filter (
            delivered is not true and order_estimated_delivery_date < timestamp '{day}'
        ) as overdue_order_count,
        avg(epoch(order_delivered_customer_date - placed) / 86400) filter (delivered)
            as average_delivery_days,
        avg((order_delivered_customer_date::date > order_estimated_delivery_date::date)::integer)
            filter (delivered) as late_delivery_share,
        greatest(0, max(
            (case when delivered then order_delivered_customer_date::date else date '{day}' end)
            - order_estimated_delivery_date::date
        )) as worst_late_days,
        avg((dayofweek(placed) in (0, 6))::integer) as weekend_order_share,
        (date '{day}' - max(placed)::date) / 30.436875 as last_order_months,
        (date '{day}' - (array_agg(placed order by placed desc))[2]::date) / 30.436875
            as second_last_order_months,
        (date '{day}' - (array_agg(placed order by placed desc))[3]::date) / 30.436875
            as third_last_order_months,
        arg_max(zip, (placed, order_id)) as postal_code,
        arg_max(customer_city, (placed, order_id)) as city,
        arg_max(customer_state, (placed, order_id)) as state
    from o group by customer_id
),
gaps as (
    select customer_id, avg(gap) as average_gap_days, arg_max(gap, day) as last_gap_days
    from (
        select customer_id, day, day - lag(day) over (partition by customer_id order by day) as gap
        from (select distinct customer_id, placed::date as day from o)
    ) where gap is not null group by customer_id
),
points as (
    select geolocation_zip_code_prefix as zip, median(lat) as lat, median(lng) as lng
    from (
        select distinct geolocation_zip_code_prefix, geolocation_lat as lat, geolocation_lng as lng
        from raw.geolocation
        where geolocation_lat between -34 and 6 and geolocation_lng between -74 and -28
    ) group by 1
),
bought as (
    select o.customer_id, o.order_id, i.product_id, i.seller_id, t.product_category_name,
        coalesce(e.product_category_name_english, t.product_category_name) as category,
        -- The law of cosines where the project takes the haversine.
        6371.0088 * acos(least(1, greatest(-1,
            sin(radians(a.lat)) * sin(radians(b.lat))
            + cos(radians(a.lat)) * cos(radians(b.lat)) * cos(radians(a.lng - b.lng))
        ))) * (case when a.lat is null or b.lat is null then null else 1 end) as km
    from o
    inner join raw.order_items as i on i.order_id = o.order_id
    inner join raw.products as t using (product_id)
    left join raw.product_category_name_translation as e
        on e.product_category_name = t.product_category_name
    inner join raw.sellers as s using (seller_id)
    left join points as a on a.zip = o.zip
    left join points as b on b.zip = s.seller_zip_code_prefix
),
distinct_things as (
    select customer_id, count(distinct product_id) as product_count,
        count(distinct category) as category_count, count(distinct seller_id) as seller_count
    from bought group by customer_id
),
distances as (
    select customer_id, avg(km) as average_seller_distance_km
    from (select customer_id, order_id, avg(km) as km from bought group by 1, 2) group by 1
),
stars as (
    select o.customer_id, count(*) as review_count, avg(review_score) as average_review_score,
        min(review_score) as lowest_review_score,
        avg((coalesce(review_comment_title, review_comment_message) is not null)::integer)
            as commented_share
    from o inner join raw.order_reviews as r on r.order_id = o.order_id
    where r.review_answer_timestamp < timestamp '{day}'
    group by o.customer_id
)
select by_person.*, gaps.* exclude (customer_id), distinct_things.* exclude (customer_id),
    distances.* exclude (customer_id),
    coalesce(stars.review_count, 0) as review_count,
    stars.* exclude (customer_id, review_count)
from by_person
left join gaps using (customer_id)
left join distinct_things using (customer_id)
left join distances using (customer_id)
left join stars using (customer_id)
"""


@pytest.mark.parametrize("day", DATES)
def test_every_feature_recomputed_from_the_raw_files_is_the_same(shop, day):
    with shop.open() as connection:
        connection.execute(f"create temp table expected as {BY_GROUPING.format(day=day)}")
        connection.execute(
            "create temp table found as from features.customer_feature_snapshots "
            f"where as_of_date = date '{day}'"
        )
        rows = connection.execute("select feature_name from features.supplied_features")
        features = [name for (name,) in rows.fetchall()]
        expected = {row[0] for row in connection.execute("describe expected").fetchall()}
        assert set(features) == expected - {"customer_id"}
        different = {}
        for name in features:
            # Metres of distance are rounded on the way; the law of cosines is off by as much.
            tolerance = 0.01 if name.endswith("_km") else 1e-9
            is_text = name in ("postal_code", "city", "state")
            unlike = (
                f"found.{name} is distinct from expected.{name}"
                if is_text
                else f"(found.{name} is null) <> (expected.{name} is null) "
                f"or abs(found.{name}::double - expected.{name}::double) > {tolerance}"
            )
            ((count, rows),) = connection.execute(
                f"""
                select count(*) filter ({unlike}), count(*)
                from found full join expected using (customer_id)
                """
            ).fetchall()
            different[name] = count
    assert rows > 20_000
    assert {name: count for name, count in different.items() if count} == {}


@pytest.mark.parametrize("window", [90, 180, 365])
def test_labels_recomputed_from_the_raw_files_are_the_same(shop, window):
    dates = ", ".join(f"(date '{day}')" for day in DATES)
    ((rows, complete, different),) = shop.rows(
        f"""
        with placed as (
            select customer_unique_id as customer_id, order_purchase_timestamp as placed_at,
                order_status not in ('canceled', 'unavailable')
                and order_purchase_timestamp < timestamp '2018-08-30' as counts
            from raw.orders inner join raw.customers using (customer_id)
        ), expected as (
            select p.customer_id, d.day, d.day + {window} <= date '2018-08-30' as is_complete,
                count(*) filter (
                    p.counts and p.placed_at >= d.day
                    and p.placed_at < d.day + interval {window} day
                ) > 0 as returned
            from placed as p cross join (values {dates}) as d (day)
            group by all
            having min(p.placed_at) < d.day
        )
        select count(*), count(*) filter (e.is_complete), count(*) filter (
            l.is_label_complete is distinct from e.is_complete
            or l.is_returning is distinct from case
                when e.returned then true when e.is_complete then false end
        )
        from expected as e
        full join (from features.customer_labels where label_window_days = {window}) as l
            on l.customer_id = e.customer_id and l.as_of_date = e.day
        """
    )
    assert rows > 100_000
    assert complete > 0 if window < 365 else complete == 0
    assert different == 0


@pytest.mark.parametrize("day", [DATES[1], pytest.param(DATES[2], marks=pytest.mark.long)])
def test_no_feature_knows_of_anything_after_its_date(shop, tmp_path, day):
    poison = poison_after(shop.data_dir, tmp_path / "data", date.fromisoformat(day))
    assert min(vars(poison).values()) > 10, poison
    poisoned = Shop(tmp_path / "data", tmp_path / "warehouse")
    load_and_run(poisoned, *SELECTED, REGULARS_SNAPSHOT_DATES=",".join(DATES[:2]))
    assert count_differences(shop, poisoned, date.fromisoformat(day)) == {}
