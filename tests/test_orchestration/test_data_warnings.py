"""What misleads in a shop's data: what the mart lists, and what a build says of it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import duckdb
import pytest
from rich.console import Console
from shops import PROJECT_DIR

from orchestration.cli.details import MAX_CHANGES_SHOWN, describe_data_warnings
from orchestration.data_warnings import (
    DataWarning,
    compare_data_warnings,
    read_data_warnings,
)

PARTS = ("count_order_warnings", "count_detail_warnings")


def warning(code: str, row_count: int) -> DataWarning:
    return DataWarning(code, "canonical.orders", None, f"the {code}", row_count)


def printed(now: list[DataWarning], former: list[DataWarning] | None) -> str:
    out = Console(file=io.StringIO(), width=100)
    for part in describe_data_warnings(compare_data_warnings(now, former)):
        out.print(part)
    return out.file.getvalue()


def test_the_first_build_says_how_many_there_are_and_where():
    assert printed([warning("guests", 3), warning("gaps", 1)], None).strip() == (
        "Data: 2 things to know: marts.data_warnings, or the report's page on data quality"
    )
    assert "1 thing to know" in printed([warning("guests", 3)], [warning("guests", 3)])
    assert printed([], []).strip() == "Data: nothing that misleads"


def test_what_is_new_gone_or_of_another_count_is_named_with_both_counts():
    now = [warning("guests", 1_200), warning("same", 4), warning("new", 7)]
    text = printed(now, [warning("guests", 3), warning("same", 4), warning("gone", 9)])
    assert "3 things to know, 3 changed since the last build" in text
    assert [line.split() for line in text.splitlines() if line.strip().startswith("the ")] == [
        ["the", "guests", "3", "1,200"],
        ["the", "new", "0", "7"],
        ["the", "gone", "9", "0"],
    ]


def test_a_shop_in_which_the_last_odd_thing_was_mended_says_so():
    assert "0 things to know, 1 changed" in printed([], [warning("gone", 9)])


def test_a_long_list_is_cut():
    text = printed([warning(f"w{number}", 2) for number in range(MAX_CHANGES_SHOWN + 4)], [])
    assert text.count("the w") == MAX_CHANGES_SHOWN
    assert "and 4 more" in text


def test_a_warehouse_without_the_mart_has_nothing_to_compare_with():
    with duckdb.connect() as connection:
        assert read_data_warnings(connection) is None
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.data_warnings as select 2 as warning_number, "
            "'b' as warning_code, 't' as table_name, 'c' as column_name, 'later' as warning, "
            "7 as row_count union all select 1, 'a', 't', null, 'first', 3 "
            "union all select 3, 'a', 't', null, 'first, too', 4"
        )
        # Two findings of one kind about one column are compared together.
        assert [(row.code, row.row_count) for row in read_data_warnings(connection)] == [
            ("a", 7), ("b", 7),
        ]  # fmt: skip


@pytest.fixture(scope="module")
def own(demo, tmp_path_factory):
    return demo.copy_to(tmp_path_factory.mktemp("warned"))


def texts() -> list[dict[str, str]]:
    with (PROJECT_DIR / "seeds" / "data_warning_texts.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_each_warning_has_its_texts_and_is_counted_by_one_row(own):
    counted = []
    for part in PARTS:
        compiled = own.run("dbt", "compile", "--quiet", "--select", part).stdout
        counted += [code for code, *_ in own.rows(compiled)]
    assert sorted(counted) == sorted(row["warning_code"] for row in texts())
    assert [row["need_count"] for row in texts()] == [
        str(len(row["needs"].split())) for row in texts()
    ]


def test_each_warning_names_a_column_that_is_there(own):
    columns = {
        (f"{schema}.{table}", column)
        for schema, table, column in own.rows(
            "select schema_name, table_name, column_name from duckdb_columns()"
        )
    }
    assert {(row["table_name"], row["column_name"]) for row in texts()} <= columns


COUNTS = "select warning_code, row_count from marts.data_warnings where found_in = 'canonical'"
PLANTED_WARNINGS = {
    # A person's three orders within a minute, two of them in one second.
    "orders_within_a_day": 2,
    "orders_at_the_same_moment": 2,
    # Two of the three came back as a whole; one returned line undoes nothing, one too much.
    "wholly_returned_orders": 2,
    "returns_without_purchase": 1,
    "returns_matched_in_part": 1,
    "people_with_returns_only": 1,
    # The third went abroad, has another amount beside its own and 0.4 of a product for nothing.
    "people_with_several_countries": 1,
    "orders_with_other_money": 1,
    "items_of_price_zero": 1,
    "items_of_fractional_quantity": 1,
    # A guest's order that never was paid.
    "orders_of_guests": 1,
    "orders_without_payment": 1,
    # The last two days have one order each, where dozens are usual.
    "thin_last_days": 2,
}


# An order like the shop's own, all of whose dates are in order, with some columns of another value.
PLANTED_ORDER = """
    insert into canonical.orders by name
    select * replace (
        ? as order_id, ? as customer_id, ? as ordered_at, ? as country, ? as item_amount,
        ? as other_amount, ? as paid_amount, ? as is_wholly_returned, 0 as freight_amount,
        0 as discount_amount
    )
    from canonical.orders
    where is_valid_order and approved_at < shipped_at and shipped_at < delivered_at
        and postal_code in (select postal_code from canonical.postal_codes)
    order by ordered_at
    limit 1
"""
PLANTED_ORDERS = [
    ("p1", "planted", "2018-08-28 12:00:00", "BR", 10, 0, 10, True),
    ("p2", "planted", "2018-08-28 12:00:00", "BR", 10, 0, 10, True),
    ("p3", "planted", "2018-08-28 12:00:50", "PT", 0, 13, 13, False),
    ("p4", None, "2018-08-29 12:00:00", "BR", 10, 0, 0, False),
]
PLANTED_DETAILS = """
    insert into canonical.order_items by name
    select
        order_id, 1 as order_item_number, 'x' as product_id, item_amount, 0 as freight_amount,
        if(item_amount = 0, 0.4, 1) as quantity
    from canonical.orders where order_id like 'p_';
    insert into canonical.payments by name
    select
        order_id, 1 as payment_number, 'boleto' as payment_type, 1 as installment_count,
        paid_amount
    from canonical.orders where order_id in ('p1', 'p2', 'p3');
    insert into canonical.returns by name
    select
        match_kind as return_id, 1 as line_number, customer_id, match_kind,
        7 as returned_amount, 7 as order_returned_amount
    from (values ('planted', 'exact'), ('stranger', 'unmatched'), ('planted', 'partial'))
        as returned(customer_id, match_kind);
"""


@pytest.fixture(scope="module")
def planted(own):
    """The counts of a shop whose last two days are empty, and the shop with what is planted."""
    with own.open(read_only=False) as connection:
        connection.execute("delete from canonical.orders where ordered_at >= '2018-08-28'")
        connection.execute(
            "insert into canonical.capabilities values ('returns', true, null, null)"
        )
    own.run("dbt", "run", "--select", "data_range", "data_warnings")
    before = dict(own.rows(COUNTS))
    with own.open(read_only=False) as connection:
        connection.executemany(PLANTED_ORDER, PLANTED_ORDERS)
        connection.execute(PLANTED_DETAILS)
    own.run("dbt", "run", "--select", "data_range", "data_warnings")
    return before, own


def test_what_is_planted_is_counted_and_nothing_else_changes(planted):
    before, shop = planted
    after = dict(shop.rows(COUNTS))
    differences = {
        code: after.get(code, 0) - before.get(code, 0) for code in after.keys() | before.keys()
    }
    assert {code: count for code, count in differences.items() if count} == PLANTED_WARNINGS


def test_amounts_and_shares_are_those_of_the_planted_rows(planted):
    _, shop = planted
    rows = shop.rows(
        "select warning_code, amount, row_total, row_share from marts.data_warnings "
        "where warning_code in ('returns_without_purchase', 'orders_with_other_money')"
    )
    figures = {code: (amount, total, share) for code, amount, total, share in rows}
    assert figures["returns_without_purchase"] == (Decimal("7.00"), 3, pytest.approx(1 / 3))
    ((count,),) = shop.rows("select count(*) from canonical.orders")
    assert figures["orders_with_other_money"] == (Decimal("13.00"), count, 1 / count)


def test_what_the_source_has_no_files_for_is_not_listed(planted):
    _, shop = planted
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update canonical.capabilities set is_supplied = false "
            "where capability in ('returns', 'deliveries')"
        )
    before = dict(shop.rows(COUNTS))
    shop.run("dbt", "run", "--select", "data_warnings")
    gone = before.keys() - dict(shop.rows(COUNTS)).keys()
    needing = {
        row["warning_code"]
        for row in texts()
        if {"returns", "deliveries"} & set(row["needs"].split())
    }
    assert gone == needing & before.keys()
    assert {"returns_without_purchase", "recent_orders_under_way"} <= gone


def test_what_the_load_found_stands_below_unless_the_tables_say_the_same(own):
    with own.open(read_only=False) as connection:
        connection.execute("delete from raw.input_findings")
        for code, column in [
            ("orders_without_lines", "key"), ("unmatched_keys", "key"), ("whole_file", None)
        ]:  # fmt: skip
            connection.execute(
                "insert into raw.input_findings by name select ? as finding_code, 'items' as "
                "table_name, ? as column_name, 5 as affected_count, 'Said.' as message, "
                "'Mend it.' as remedy",
                [code, column],
            )
    own.run("dbt", "run", "--select", "data_warnings")
    rows = own.rows(
        "select warning_code, table_name, column_label, warning, row_count, row_total, remedy, "
        "max(warning_number) over () - warning_number from marts.data_warnings "
        "qualify found_in = 'files' order by warning_number"
    )
    assert rows == [
        ("unmatched_keys", "raw.items", "raw.items, key", "Said.", 5, None, "Mend it.", 1),
        ("whole_file", "raw.items", "raw.items", "Said.", 5, None, "Mend it.", 0),
    ]
