"""What no query of ``published_facts.yml`` says of the pitfalls, and what the mart says of them."""

from __future__ import annotations

from decimal import Decimal

from real_data import needs_data_set

pytestmark = needs_data_set("olist")


# The figures of the design note on these files; test_published_facts.py measures more of them.
WARNINGS: dict[str, tuple[int, int]] = {
    "orders_without_items": (775, 99_441),
    "orders_without_payment": (1, 99_441),
    # 625 canceled and 609 unavailable ones, all but three of which were paid.
    "invalid_orders_with_money": (1_231, 99_441),
    "delivered_orders_without_date": (8, 96_478),
    "invalid_orders_with_delivery": (6, 1_234),
    "delivered_orders_without_approval": (14, 96_478),
    "shipped_before_approval": (1_359, 97_644),
    "delivered_before_shipment": (23, 96_475),
    "recent_orders_under_way": (501, 6_737),
    # 278 on a code without any point, one more on a code whose points all lie abroad.
    "orders_without_known_place": (279, 99_441),
    "orders_within_a_day": (999, 3_345),
    "orders_at_the_same_moment": (582, 99_441),
    "mostly_one_time_buyers": (93_099, 96_096),
    "people_with_several_postal_codes": (250, 96_096),
    "days_without_orders": (4, 606),
    "thin_last_days": (5, 14),
    "orders_paid_otherwise": (303, 98_665),
    "money_multiplied_by_joins": (10_274, 99_440),
    "orders_with_several_payments": (2_961, 99_440),
    "payments_of_zero": (9, 103_886),
    "payments_of_unknown_type": (3, 103_886),
    "payments_in_zero_installments": (2, 103_886),
    "products_without_category": (610, 32_951),
    "orders_with_several_reviews": (547, 98_673),
    "review_ids_on_several_orders": (789, 98_410),
    "reviews_without_answer_date": (45, 99_224),
    "reviews_without_sending_date": (9, 99_224),
}


def test_the_mart_lists_each_pitfall_with_its_count_and_no_other(olist):
    rows = olist.rows("select warning_code, row_count, row_total from marts.data_warnings")
    assert {code: (count, total) for code, count, total in rows} == WARNINGS


def test_the_mart_says_what_a_join_adds_to_what_was_paid(olist):
    rows = olist.rows(
        "select amount from marts.data_warnings where warning_code = 'money_multiplied_by_joins'"
    )
    assert rows == [(Decimal("20579664.01") - Decimal("16008872.12"),)]


def test_counts_without_a_published_figure_are_those_of_the_raw_tables(olist):
    counts = {
        code: olist.rows(query)
        for code, query in {
            "invalid_orders_with_money": """
                select count(*) from raw.orders join (
                    select order_id from raw.order_payments group by 1 having sum(payment_value) > 0
                ) using (order_id)
                where order_status in ('canceled', 'unavailable')
            """,
            "recent_orders_under_way": """
                select count(*) filter (
                    not coalesce(order_delivered_customer_date < '2018-08-30', false)
                )
                from raw.orders
                where order_purchase_timestamp >= '2018-07-31'
                    and order_purchase_timestamp < '2018-08-30'
                    and order_status not in ('canceled', 'unavailable')
            """,
            "orders_at_the_same_moment": """
                select sum(orders)::bigint from (
                    select count(*) as orders from raw.orders join raw.customers using (customer_id)
                    group by customer_unique_id, order_purchase_timestamp having count(*) > 1
                )
            """,
            "days_without_orders": """
                select date '2018-08-30' - date '2017-01-01'
                    - count(distinct order_purchase_timestamp::date)
                from raw.orders where order_purchase_timestamp >= '2017-01-01'
                    and order_purchase_timestamp < '2018-08-30'
            """,
            "money_multiplied_by_joins": """
                select count(*) from (
                    select order_id, sum(payment_value) as paid from raw.order_payments group by 1
                ) join (
                    select order_id, sum(payment_value) as joined
                    from raw.order_payments left join raw.order_items using (order_id)
                    left join raw.order_reviews using (order_id) group by 1
                ) using (order_id)
                where joined > paid
            """,
        }.items()
    }
    assert {code: count for code, [(count,)] in counts.items()} == {
        code: WARNINGS[code][0] for code in counts
    }


def test_the_last_days_have_less_than_half_of_their_weekdays_usual_orders(olist):
    """By hand: the orders of a day, and the median of the eight weeks of 2018-06-21 to 08-15."""
    rows = olist.rows(
        """
        with days as (
            select order_purchase_timestamp::date as day, count(*) as orders
            from raw.orders group by 1
        )
        select day, orders, (
            select median(usual.orders) from days as usual
            where usual.day between date '2018-06-21' and date '2018-08-15'
                and dayofweek(usual.day) = dayofweek(days.day)
        ) as usual
        from days where day between date '2018-08-24' and date '2018-08-29' order by day
        """
    )
    assert [orders < usual / 2 for _, orders, usual in rows] == [False, *[True] * 5]


def test_the_one_order_without_a_payment_is_the_known_one(olist):
    """Pitfall 5, and how the data set is recognised."""
    assert olist.rows(
        "select order_id from raw.orders anti join raw.order_payments using (order_id)"
    ) == [("bfbd0f9bdef84302105ad712db648a6c",)]


def test_quotes_come_late_in_the_geolocation_file(olist):
    """Pitfall 11: far past any sample from which a dialect could be sniffed."""
    path = olist.data_dir / "olist_geolocation_dataset.csv"
    with path.open("rb") as stream:
        first = next(number for number, line in enumerate(stream, 1) if b'"' in line)
    assert first == 422_498


def test_the_reviews_file_has_more_lines_than_reviews(olist):
    """Pitfall 11: read line by line, it seems to have this many."""
    path = olist.data_dir / "olist_order_reviews_dataset.csv"
    with path.open("rb") as stream:
        assert sum(1 for _ in stream) - 1 == 103_342


def test_the_translation_file_starts_with_a_mark_and_two_headers_are_misspelt(olist):
    """Pitfall 13."""
    mark = (olist.data_dir / "product_category_name_translation.csv").read_bytes()[:3]
    assert mark == b"\xef\xbb\xbf"
    with (olist.data_dir / "olist_products_dataset.csv").open() as stream:
        header = stream.readline()
    assert header.count("lenght") == 2
    names = [name for (name,) in olist.rows("select column_name from (describe raw.products)")]
    assert {"product_name_lenght", "product_description_lenght"} <= set(names)
    staged = olist.rows("select column_name from (describe staging.stg_olist__products)")
    assert not [name for (name,) in staged if "lenght" in str(name)]
    assert olist.rows(
        """
        select distinct product_category_name from raw.products
        anti join raw.product_category_name_translation using (product_category_name)
        where product_category_name is not null order by 1
        """
    ) == [("pc_gamer",), ("portateis_cozinha_e_preparadores_de_alimentos",)]


def test_postal_codes_keep_their_zeros(olist):
    """Pitfall 12."""
    assert olist.rows(
        "select min(length(postal_code)), max(length(postal_code)) "
        "from staging.stg_olist__geolocation"
    ) == [(5, 5)]
