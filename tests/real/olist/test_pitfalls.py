"""Each pitfall of the published files, with its figure written by hand from their description.

Where the description and the files disagree, the files are right and a comment says so.
"""

from __future__ import annotations

import os
from decimal import Decimal

import pytest

ROOT = os.environ.get("REGULARS_TEST_DATA")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not ROOT, reason="REGULARS_TEST_DATA is not set: the real files are not here"
    ),
]


@pytest.fixture(scope="module")
def found(olist):
    """Fact id to the figure that was found."""
    return dict(olist.rows("select fact_id, found from marts.data_facts"))


PITFALLS: dict[str, dict[str, str]] = {
    "1 a customer id is an order's, not a person's": {
        "order_customers": "99441",
        "people": "96096",
        "people_with_several_postal_codes": "250",
    },
    "2 almost everybody buys once": {
        "people_with_1_orders": "93099",
        "people_with_2_orders": "2745",
        "people_with_3_orders": "203",
        "people_with_4_orders": "30",
        "people_with_5_orders": "8",
        "people_with_6_orders": "6",
        "people_with_7_orders": "3",
        "people_with_9_orders": "1",
        "people_with_17_orders": "1",
        "share_of_people_with_one_order": "0.9688",
    },
    # Described as "2,148 repeats on distinct days, median gap 28 days". In the files 2,149 people
    # bought on several days, 2,384 times again; 28 days is the median of all 3,345 gaps.
    "3 a repeat within a day is a split basket": {
        "gaps_between_orders": "3345",
        "gaps_under_24_hours": "999",
        "median_gap_days": "28",
        "repeat_purchase_days": "2384",
        "people_with_several_purchase_days": "2149",
    },
    "4 orders without items": {
        "orders_without_items": "775",
        "orders_without_items_unavailable": "603",
        "orders_without_items_canceled": "164",
        "orders_without_items_created": "5",
        "orders_without_items_invoiced": "2",
        "orders_without_items_shipped": "1",
    },
    "5 odd payments": {
        "orders_without_payment": "1",
        "payments_of_nothing": "9",
        "payments_not_defined": "3",
        "payments_without_instalments": "2",
        "orders_with_several_payments": "2961",
    },
    "6 paid is not price and freight": {
        "orders_with_payments_and_items": "98665",
        "orders_paid_otherwise": "303",
        "paid_amount": "16008872.12",
        "item_amount": "13591643.70",
        "freight_amount": "2251909.54",
    },
    # The described figures are of a join with the distinct products of an order.
    "7 a join before summing multiplies money": {
        "joined_by_product_amount": "17083315.30",
        "joined_by_product_excess_share": "0.0671",
        "joined_by_product_people": "3599",
        "joined_by_product_tenfold": "1",
    },
    "8 dates contradict the status": {
        "delivered_without_a_date": "8",
        "canceled_with_a_delivery_date": "6",
        "delivered_without_approval": "14",
    },
    "9 timestamps out of order": {
        "shipped_before_approval": "1359",
        "delivered_before_shipped": "23",
        "latest_shipping_limit_date": "20200409",
    },
    "10 a review id is no key": {
        "review_rows": "99224",
        "review_ids": "98410",
        "reviewed_orders": "98673",
        "orders_with_several_reviews": "547",
        "review_ids_on_several_orders": "789",
        "reviews_without_sending_date": "9",
        "reviews_without_answer_date": "45",
    },
    # Described as 104,162 lines; `wc -l` counts 103,343 with the header.
    "11 comments span lines": {"lines_of_the_reviews_file": "103342"},
    # Described as 278 people; these are customers of orders, of 269 people.
    "12 geolocation repeats itself and strays": {
        "geolocation_rows": "1000163",
        "repeated_geolocation_rows": "261831",
        "postal_codes": "19015",
        "points_outside_brazil": "42",
        "order_customers_on_an_unknown_postal_code": "278",
        "people_on_an_unknown_postal_code": "269",
    },
    "13 categories without a name or a translation": {
        "products_without_category": "610",
        "categories_without_translation": "2",
    },
    # Described as 801 orders of 2017-01 and 6,499 of 2018-08.
    "14 the ends of the data are thin": {
        "orders_of_2016_09": "4",
        "orders_of_2016_10": "324",
        "orders_of_2016_11": "0",
        "orders_of_2016_12": "1",
        "orders_of_2017_01": "800",
        "orders_of_2018_08": "6512",
        "orders_of_2018_09": "16",
        "orders_of_2018_10": "4",
        "latest_order_date": "20181017",
        "latest_orders_canceled": "1",
    },
    # The shares are described as 48 % and 52 %; the test below counts them in the raw tables.
    "15 statuses are final": {
        "orders_delivered": "96478",
        "orders_shipped": "1107",
        "orders_canceled": "625",
        "orders_unavailable": "609",
        "orders_invoiced": "314",
        "orders_processing": "301",
        "orders_created": "5",
        "orders_approved": "2",
    },
    "16 fifths of frequency are noise": {"highest_ntile_of_one_time_buyers": "4"},
    "17 baskets are tiny": {
        "orders_with_items": "98666",
        "orders_of_several_pieces": "9803",
        "orders_of_several_products": "3236",
        "orders_of_several_categories": "727",
        "most_frequent_product_pair": "34",
    },
}


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_a_pitfall_has_its_figures(found, pitfall):
    expected = {name: Decimal(figure) for name, figure in PITFALLS[pitfall].items()}
    assert {name: found[name] for name in expected} == expected


def test_nothing_has_moved_and_every_pitfall_has_facts(olist):
    assert olist.rows("select fact from marts.data_facts where has_moved is not false") == []
    numbers = olist.rows("select distinct pitfall_number from marts.data_facts order by 1")
    assert [number for (number,) in numbers] == list(range(1, len(PITFALLS) + 1))


def test_the_best_fifth_bought_once_for_the_most_part(found):
    """Pitfall 16: 84 % of them."""
    assert round(found["one_time_buyers_share_of_ntile_5"] * 100) == 84


def test_the_one_order_without_a_payment_is_the_known_one(olist):
    """Pitfall 5, and how the data set is recognised."""
    assert olist.rows(
        "select order_id from raw.orders anti join raw.order_payments using (order_id)"
    ) == [("bfbd0f9bdef84302105ad712db648a6c",)]


def test_joining_all_rows_multiplies_money_further(olist, found):
    """Pitfall 7 by the very join that the models never make."""
    rows = olist.rows(
        """
        with joined as (
            select customers.customer_unique_id, sum(payments.payment_value) as joined
            from raw.orders as orders
            join raw.customers as customers using (customer_id)
            left join raw.order_payments as payments using (order_id)
            left join raw.order_items as items using (order_id)
            left join raw.order_reviews as reviews using (order_id)
            group by all
        ), paid as (
            select customer_unique_id, sum(payment_value) as paid
            from raw.order_payments join raw.orders using (order_id)
            join raw.customers using (customer_id) group by all
        )
        select sum(joined), count(*) filter (joined > paid),
            count(*) filter (paid > 0 and joined / paid >= 9.5)
        from joined left join paid using (customer_unique_id)
        """
    )
    names = ("joined_amount", "joined_people", "joined_tenfold")
    assert rows == [tuple(found[name] for name in names)]


def test_half_of_the_last_orders_were_not_delivered_and_most_of_their_reviews_not_written(
    olist, found
):
    """Pitfall 15, counted in the raw tables."""
    ((orders, undelivered),) = olist.rows(
        """
        select count(*), count(*) filter (
            not coalesce(order_delivered_customer_date < timestamp '2018-03-01', false)
        )
        from raw.orders
        where order_purchase_timestamp between timestamp '2018-01-30'
            and timestamp '2018-02-28 23:59:59'
        """
    )
    ((reviews, unanswered),) = olist.rows(
        """
        select count(*), count(*) filter (
            not coalesce(review_answer_timestamp < timestamp '2018-03-01', false)
        )
        from raw.order_reviews
        where order_id in (
            select order_id from raw.orders
            where order_purchase_timestamp between timestamp '2018-01-30'
                and timestamp '2018-02-28 23:59:59'
        )
        """
    )
    assert found["orders_of_30_days"] == orders
    assert float(found["undelivered_share_of_30_days"]) == pytest.approx(
        undelivered / orders, abs=5e-5
    )
    assert float(found["unanswered_share_of_30_days"]) == pytest.approx(
        unanswered / reviews, abs=5e-5
    )


def test_quotes_come_late_in_the_geolocation_file(olist):
    """Pitfall 11: far past any sample from which a dialect could be sniffed."""
    path = olist.data_dir / "olist_geolocation_dataset.csv"
    with path.open("rb") as stream:
        first = next(number for number, line in enumerate(stream, 1) if b'"' in line)
    assert first == 422_498


def test_the_reviews_file_has_more_lines_than_reviews(olist, found):
    """Pitfall 11: read line by line, it seems to have this many."""
    path = olist.data_dir / "olist_order_reviews_dataset.csv"
    with path.open("rb") as stream:
        assert sum(1 for _ in stream) - 1 == found["lines_of_the_reviews_file"]


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


def test_postal_codes_keep_their_zeros(olist, found):
    """Pitfall 12."""
    assert olist.rows(
        "select min(length(postal_code)), max(length(postal_code)) "
        "from staging.stg_olist__geolocation"
    ) == [(5, 5)]
    assert found["postal_codes_with_a_leading_zero"] > 0
