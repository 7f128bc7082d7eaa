"""The real UCI files, from `init` to the marts, come to the figures that were measured elsewhere.

The figures are those of issue 12 and of the design note on this data set, read in the marts.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from mapped_poison import count_cells_moved_by_poison
from real_data import data_set_folder, needs_data_set
from shops import shared_shop

pytestmark = needs_data_set("online_retail")


@pytest.fixture(scope="session")
def online_retail(tmp_path_factory):
    def prepare(folder: Path) -> Path:
        data_dir = folder / "data"
        data_dir.mkdir()
        for file in data_set_folder("online_retail").glob("*.parquet"):
            (data_dir / file.name).symlink_to(file)
        from typer.testing import CliRunner

        from orchestration.cli.app import app

        done = CliRunner().invoke(app, ["init", str(data_dir)])
        assert done.exit_code == 0, done.output
        return data_dir

    shop, text = shared_shop(tmp_path_factory, "online-retail", prepare, "build")
    return shop, " ".join(text.split())


@pytest.fixture(scope="session")
def shop(online_retail):
    return online_retail[0]


def test_the_summary_says_what_was_built_and_as_of_when(online_retail):
    _, text = online_retail
    for expected in ("as of 2011-12-10", "4,334 with a valid order", "18,402", "8,761,066.65"):
        assert expected in text, expected


def test_marts_that_need_what_the_files_lack_are_not_published(shop):
    published = {path.stem for path in (shop.folder / "published" / "parquet").iterdir()}
    built = shop.rows("select table_name from duckdb_tables() where schema_name like 'marts%'")
    assert {name for (name,) in built} - published == {
        "payment_mix", "category_performance", "seller_performance", "large_sellers",
        "busy_new_sellers", "delivery_performance", "late_recent_orders",
        "worst_reviewed_postal_codes",
    }  # fmt: skip


def test_rfm_has_the_measured_sums(shop):
    assert shop.rows(
        "select min(as_of_date), count(*), sum(frequency), sum(monetary_amount), "
        "sum(recency_days), count(*) filter (frequency = 1), max(frequency) "
        "from marts.customer_rfm"
    ) == [(date(2011, 12, 10), 4_334, 18_402, Decimal("8761066.65"), 404_044, 1_505, 206)]


def test_where_most_came_back_frequency_is_scored_by_fifths_and_says_so(shop):
    assert shop.rows("select distinct f_score_rule from marts.customer_rfm") == [("fifths",)]
    # By hand: rank by frequency, people with fewer orders before, times five over all.
    assert shop.rows(
        """
        select count(*) from marts.customer_rfm as mine
        where f_score <> 1 + floor(
            5 * (
                select count(*) from marts.customer_rfm as other
                where other.frequency < mine.frequency
            ) / 4334
        )
        """
    ) == [(0,)]


def test_lines_are_summed_to_the_measured_counts(shop):
    assert shop.rows(
        "select count(*) filter (orders.customer_id is not null), count(*) "
        "from canonical.order_items inner join canonical.orders using (order_id)"
    ) == [(386_329, 517_290)]


def test_money_that_is_no_merchandise_stands_beside_the_orders_amount(shop):
    assert shop.rows(
        "select sum(other_amount) from canonical.orders where customer_id is not null"
    ) == [(Decimal("96396.32") + Decimal("53779.93") + Decimal("165.00"),)]
    assert shop.rows(
        "select count(*), sum(other_amount) from canonical.orders "
        "where invalid_reason = 'no merchandise' and customer_id is not null"
    ) == [(130, Decimal("65382.46"))]


def test_guests_count_in_the_shops_totals_and_in_no_mart_of_customers(shop):
    guests = "from canonical.orders where customer_id is null and is_valid_order"
    ((count, amount),) = shop.rows(f"select count(*), sum(order_amount) {guests}")
    assert shop.rows("select sum(order_count), sum(order_amount) from marts.orders_monthly") == [
        (18_402 + count, Decimal("8761066.65") + amount)
    ]
    # 1,744,214.58 is what guests bought, with what is no merchandise.
    assert shop.rows(
        "select sum(item_amount + other_amount) from canonical.orders where customer_id is null"
    ) == [(Decimal("1744214.58"),)]


def test_returned_lines_undo_what_was_measured_elsewhere(shop):
    assert shop.rows(
        """
        select match_kind, count(*), sum(returned_amount)
        from canonical.returns
        inner join canonical.products using (product_id)
        where customer_id is not null and is_merchandise
        group by match_kind order by match_kind
        """
    ) == [
        ("exact", 2_728, Decimal("387844.12")),
        ("partial", 51, Decimal("2123.28")),
        ("unmatched", 1_056, Decimal("22771.38")),
        ("whole", 4_704, Decimal("61664.55")),
    ]


def test_an_exactly_undone_line_was_sold_before_in_that_quantity_at_that_price(shop):
    """Looked up line by line in the ledger, apart from the models that match."""
    assert shop.rows(
        """
        select count(*)
        from canonical.returns as returned
        inner join raw.returns as raw_returned using (return_id, line_number)
        where returned.match_kind = 'exact' and not exists (
            select 1 from raw.ledger_lines as sold
            where sold.line_kind = 'sale' and sold.order_id = returned.order_id
                and sold.customer_id = returned.customer_id
                and sold.product_id = returned.product_id
                and sold.quantity = returned.quantity
                and sold.unit_price = raw_returned.unit_price
                and sold.ordered_at <= returned.returned_at
        )
        """
    ) == [(0,)]


def test_no_purchase_is_undone_by_more_pieces_than_it_had(shop):
    assert shop.rows(
        """
        select count(*) from (
            select customer_id, product_id, sum(quantity) as returned
            from canonical.returns
            where match_kind in ('exact', 'whole') and customer_id is not null
            group by all
        ) as returned
        left join (
            select customer_id, product_id, sum(quantity) as sold
            from raw.ledger_lines where line_kind = 'sale' group by all
        ) as sold using (customer_id, product_id)
        where returned.returned > coalesce(sold.sold, 0)
        """
    ) == [(0,)]


def test_the_label_window_follows_from_the_history(shop):
    assert shop.rows(
        "select label_window_days, most_plausible_roc_auc from features.churn_protocol"
    ) == [(90, 0.8)]
    # 3,314 people, of whom 56.1 % come back.
    ((people, share),) = shop.rows(
        "select count(*), round(avg(cast(is_returning as integer)), 3) "
        "from features.customer_labels "
        "where as_of_date = date '2011-09-01' and label_window_days = 90"
    )
    assert (people, share) == (3_314, 0.561)


def test_the_models_reach_the_measured_figures_on_the_test_date(shop):
    figures = dict(
        shop.rows(
            "select family, metric_value from marts.model_quality "
            "where purpose = 'churn' and split = 'test' and metric_name = 'roc_auc'"
        )
    )
    assert 0.73 <= figures["logistic"] <= 0.77
    assert max(figures.values()) < 0.80


def test_what_the_files_lack_is_no_feature(shop):
    features = {
        name for (name,) in shop.rows("select feature_name from features.supplied_features")
    }
    assert {"return_count", "returned_share", "item_count"} <= features
    assert not features & {"average_review_score", "freight_share", "seller_count"}
    assert shop.rows(
        "select count(average_review_score) from features.customer_feature_snapshots"
    ) == [(0,)]


def test_a_returned_line_counts_from_its_own_moment_on(shop):
    assert shop.rows(
        """
        with counted as (
            select snapshots.customer_id, snapshots.as_of_date,
                count(distinct returns.return_id) as return_count,
                coalesce(sum(returns.returned_amount), 0) as returned_amount
            from features.customer_feature_snapshots as snapshots
            left join (
                select returns.* from canonical.returns as returns
                inner join canonical.products using (product_id) where is_merchandise
            ) as returns
                on snapshots.customer_id = returns.customer_id
                and returns.returned_at < snapshots.as_of_date
            group by all
        )

        select count(*)
        from features.customer_feature_snapshots as snapshots
        inner join counted using (customer_id, as_of_date)
        where snapshots.return_count <> counted.return_count
            or snapshots.net_amount <> snapshots.paid_amount - counted.returned_amount
        """
    ) == [(0,)]


def test_bg_nbd_is_a_baseline_though_its_fit_is_degenerate_and_both_are_said(shop):
    """Measured elsewhere: BG/NBD 0.732, `a` at its bound; logistic minus it 0.007 to 0.025."""
    ((ranked, gain, lower, upper),) = shop.rows(
        "select metric_value, gain, gain_lower_bound, gain_upper_bound "
        "from marts_ml.baseline_quality where family = 'logistic' and metric_name = 'roc_auc' "
        "and baseline_name = 'BG/NBD'"
    )
    assert abs(ranked - 0.732) < 0.005
    assert lower < gain < upper
    assert abs(gain - 0.017) < 0.012
    ((reason,),) = shop.rows("select status_reason from ml.model_registry where family = 'bg_nbd'")
    assert "runs to its" in str(reason)
    # What the verdict says is what the interval of the model in use says.
    ((beats, lower),) = shop.rows(
        "select beats_baseline, roc_auc_gain_lower_bound from marts.churn_verdict"
    )
    assert beats == (lower > 0)


def test_nothing_known_at_a_date_changes_with_what_comes_after_it(shop, tmp_path):
    """Orders, lines and returns from a date on are poisoned; no cell up to that date moves."""
    before, after = count_cells_moved_by_poison(shop, tmp_path)
    assert before == 0
    assert after > 0, "the poison reaches what comes after"


# As listed by the mart; what a query on the file can count apart from the models is counted below.
WARNINGS = {
    "orders_without_items": (190, 19_963, Decimal("0.00")),
    "orders_with_other_money": (2_275, 19_963, Decimal("384189.42")),
    "orders_of_guests": (1_427, 19_963, Decimal("1510366.41")),
    "wholly_returned_orders": (128, 19_963, Decimal("331377.30")),
    "orders_within_a_day": (1_955, 14_197, None),
    "orders_at_the_same_moment": (244, 18_536, Decimal("143348.95")),
    "people_with_several_countries": (8, 4_339, None),
    "days_without_orders": (69, 374, None),
    "items_of_price_zero": (3, 517_290, None),
    "products_without_name": (110, 3_958, None),
    "returns_without_purchase": (1_718, 9_288, Decimal("417590.45")),
    "returns_matched_in_part": (54, 9_288, Decimal("10500.20")),
    "people_with_returns_only": (33, 1_589, None),
    "lines_of_price_zero": (4, None, None),
}


def test_the_mart_of_warnings_lists_what_misleads_in_these_files_and_nothing_else(shop):
    """Nothing of payments, reviews or deliveries, which the file does not have."""
    rows = shop.rows("select warning_code, row_count, row_total, amount from marts.data_warnings")
    assert {code: tuple(figures) for code, *figures in rows} == WARNINGS


SALES = """
    with sales as (
        select CustomerID as person, InvoiceNo as invoice, min(InvoiceDate) as moment
        from file
        where InvoiceNo not like 'C%' and InvoiceNo not like 'A%' and Quantity > 0
            and (UnitPrice > 0 or CustomerID is not null)
        group by all
    )
"""
IN_THE_FILE = {
    "orders_of_guests": f"{SALES} select count(*) from sales where person is null",
    "orders_within_a_day": f"""{SALES}, gaps as (
            select moment - lag(moment) over (partition by person order by moment, invoice) as gap
            from sales where person is not null
        )
        select count(*) from gaps where gap < interval 24 hours""",
    "orders_at_the_same_moment": f"""{SALES}, moments as (
            select count(*) as orders from sales where person is not null group by person, moment
        )
        select sum(orders)::bigint from moments where orders > 1""",
    "people_with_several_countries": """
        select count(*) from (
            select CustomerID from file where CustomerID is not null
            group by 1 having count(distinct Country) > 1
        )""",
    "days_without_orders": f"{SALES} select 374 - count(distinct moment::date) from sales",
    "products_without_name": """
        select count(*) from (
            select upper(trim(StockCode)) from file
            group by 1 having max(nullif(trim(Description), '')) is null
        )""",
    # The design note says 34: it takes one who also had a gift, invoice 578841, for one of these.
    "people_with_returns_only": """
        select count(distinct CustomerID) from file where CustomerID not in (
            select CustomerID from file where InvoiceNo not like 'C%' and CustomerID is not null
        )""",
}


@pytest.mark.parametrize("code", IN_THE_FILE)
def test_a_warning_counts_what_a_query_on_the_file_counts(code):
    (path,) = data_set_folder("online_retail").glob("*.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"create view file as select * from '{path}'")
        ((count,),) = connection.execute(IN_THE_FILE[code]).fetchall()
    assert count == WARNINGS[code][0]
