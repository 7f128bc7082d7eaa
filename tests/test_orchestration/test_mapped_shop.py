"""A shop of its own files, generated with a planted truth: by its mapping, up to the marts."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from mapped_poison import SOURCE, count_cells_moved_by_poison, run_mapped_dbt
from shops import Shop

ORDERS = 1_500


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Loaded, with its canonical tables, features and the marts that need no model."""
    folder = tmp_path_factory.mktemp("mapped")
    data_dir = folder / "data"
    mapped = Shop(data_dir, folder)
    mapped.run("regulars", "demo", "--layout", "flat_lines", "--scenario", "loyal_shop",
               "--orders", str(ORDERS), "--out", str(data_dir))  # fmt: skip
    done = mapped.run("regulars", "load")
    assert f"source {SOURCE}" in " ".join((done.stdout + done.stderr).split())
    run_mapped_dbt(
        mapped, "build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test",
        "--select", "+customer_rfm", "+orders_monthly", "+money_reconciliation", "+returns",
        "+customer_feature_snapshots", "+customer_labels", "+source_capabilities",
        "+customer_contacts",
    )  # fmt: skip
    return mapped


def truth_of(shop: Shop, table: str) -> str:
    return f"read_parquet('{shop.data_dir / 'truth' / f'{table}.parquet'}')"


def test_every_order_of_the_truth_is_canonical_with_its_money(shop):
    assert shop.rows(
        f"""
        select count(*) from canonical.orders
        full outer join {truth_of(shop, "orders")} as truth using (order_id)
        where orders.item_amount is distinct from truth.merchandise_amount
            or orders.discount_amount is distinct from truth.discount_amount
            or orders.order_amount is distinct from truth.merchandise_amount - truth.discount_amount
            or orders.other_amount + orders.freight_amount
                is distinct from truth.service_amount
            or orders.customer_id is distinct from truth.customer_id
        """
    ) == [(0,)]


def test_returns_are_matched_as_they_were_planted(shop):
    """The truth's kinds are worked out by a generator that knows what each return undoes."""
    assert (
        shop.rows(
            f"""
        select truth.match_kind, returns.match_kind, count(*)
        from {truth_of(shop, "returns")} as truth
        full outer join canonical.returns as returns
            on truth.return_id = returns.return_id and truth.product_id = returns.product_id
            and truth.quantity = returns.quantity
        where truth.match_kind is distinct from returns.match_kind
        group by all
        """
        )
        == []
    )
    kinds = {kind for (kind,) in shop.rows("select distinct match_kind from canonical.returns")}
    assert kinds == {"exact", "whole", "partial", "unmatched"}


def test_a_return_of_the_only_purchase_names_its_order(shop):
    rows = shop.rows(
        f"""
        select count(*), count(*) filter (where truth.order_id = returns.order_id)
        from {truth_of(shop, "returns")} as truth
        inner join canonical.returns as returns using (return_id, product_id, quantity)
        where truth.is_only_purchase and truth.match_kind <> 'unmatched'
        """
    )
    ((all_of_them, right),) = rows
    assert all_of_them == right > 0


def test_the_as_of_date_is_the_day_after_the_last_order(shop):
    ((last,),) = shop.rows(
        f"select cast(max(ordered_at) as date) + 1 from {truth_of(shop, 'orders')}"
    )
    assert shop.rows("select distinct as_of_date from marts.customer_rfm") == [(last,)]


def test_guests_have_no_row_in_a_mart_of_customers_and_their_money_is_counted(shop):
    truth = truth_of(shop, "orders")
    amount = "sum(merchandise_amount - discount_amount)"
    customers, guests = (
        shop.rows(f"select count(*), {amount} from {truth} where customer_id is {which}")[0]
        for which in ("not null", "null")
    )
    assert shop.rows("select sum(frequency), sum(monetary_amount) from marts.customer_rfm") == [
        customers
    ]
    assert shop.rows(
        "select order_count, order_amount from marts.money_reconciliation "
        "where reading_name = 'orders of guests'"
    ) == [guests]
    assert shop.rows("select sum(order_count), sum(order_amount) from marts.orders_monthly") == [
        (customers[0] + guests[0], customers[1] + guests[1])
    ]


def test_a_feature_knows_returns_from_their_own_moment_on(shop):
    assert shop.rows(
        f"""
        select count(*)
        from features.customer_feature_snapshots as snapshots
        left join (
            select snapshots.customer_id, snapshots.as_of_date,
                sum(truth.returned_amount) as returned_amount
            from features.customer_feature_snapshots as snapshots
            inner join {truth_of(shop, "returns")} as truth
                on snapshots.customer_id = truth.customer_id
                and truth.returned_at < snapshots.as_of_date
            group by all
        ) as known using (customer_id, as_of_date)
        where snapshots.net_amount
            <> snapshots.paid_amount - coalesce(known.returned_amount, 0)
        """
    ) == [(0,)]
    ((count,),) = shop.rows(
        "select count(*) from features.customer_feature_snapshots where return_count > 0"
    )
    assert count > 0


def test_nothing_known_at_a_date_changes_with_what_comes_after_it(shop, tmp_path):
    """Orders, lines and returns from a date on are poisoned; no cell up to that date moves."""
    before, after = count_cells_moved_by_poison(shop, tmp_path)
    assert before == 0
    assert after > 0, "the poison reaches what comes after"


def test_what_the_files_lack_is_listed_with_what_it_costs_and_what_would_bring_it(shop):
    rows = dict(shop.rows("select capability, is_supplied from marts.source_capabilities"))
    assert rows["returns"] and rows["categories"] and rows["guests"]
    assert not rows["reviews"] and not rows["sellers"]
    assert shop.rows(
        "select count(*) from marts.source_capabilities "
        "where not is_supplied and (lack is null or remedy is null)"
    ) == [(0,)]


def test_contact_data_stand_in_the_contacts_only(shop):
    """Every text of every other table is looked through for the sign that addresses have."""
    with shop.open() as connection:
        ((count,),) = connection.execute(
            "select count(*) from canonical.customer_contacts where contains(email, '@')"
        ).fetchall()
        assert count > 0
        columns = connection.execute(
            """
            select schema_name, table_name, column_name from duckdb_columns()
            where database_name = current_database() and data_type = 'VARCHAR'
                and schema_name in ('canonical', 'features', 'marts', 'marts_ml')
                and table_name <> 'customer_contacts'
            """
        ).fetchall()
        leaks = [
            column for column in columns
            if connection.execute(
                'select count(*) from "{}"."{}" where contains("{}", \'@\')'.format(*column)
            ).fetchall() != [(0,)]
        ]  # fmt: skip
    assert leaks == []


def test_files_and_mapping_that_have_not_changed_are_left_alone(shop, tmp_path):
    again = shop.copy_to(tmp_path / "again")
    before = again.rows("select max(load_id), max(loaded_at) from raw.load_log")
    again.run("regulars", "load")
    assert again.rows("select max(load_id), max(loaded_at) from raw.load_log") == before


def test_a_warehouse_of_another_source_is_refused_and_stays_as_it_was(shop, demo, tmp_path):
    other = Shop(shop.data_dir, tmp_path)
    copy = demo.copy_to(tmp_path)
    before = copy.rows("select count(*), sum(frequency) from marts.customer_rfm")
    done = other.run("regulars", "load", check=False)
    assert done.returncode == 1
    printed = " ".join((done.stdout + done.stderr).split())
    assert "two shops in one warehouse would mix their models and history" in printed
    assert "set REGULARS_WAREHOUSE to a new file" in printed
    assert copy.rows("select count(*), sum(frequency) from marts.customer_rfm") == before


def test_dates_of_the_protocol_in_the_mapping_are_snapshots_and_are_used(shop, tmp_path):
    """A test date within a month, which no rule would choose."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    for file in ("order_lines.csv", "shop.yml"):
        (data_dir / file).write_bytes((shop.data_dir / file).read_bytes())
    ((last,),) = shop.rows("select max(as_of_date) from marts.customer_rfm")
    test_date = date(last.year - 1, 6, 17)
    with (data_dir / "shop.yml").open("a") as mapping:
        mapping.write(f"\nprotocol:\n  test_date: {test_date}\n  label_window_days: 60\n")
    stated = Shop(data_dir, tmp_path)
    stated.run("regulars", "load")
    run_mapped_dbt(
        stated, "build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test",
        "--select", "+churn_protocol", "+customer_labels",
    )  # fmt: skip
    assert stated.rows("select label_window_days, test_date from features.churn_protocol") == [
        (60, test_date)
    ]
    ((count,),) = stated.rows(
        f"select count(*) from features.customer_labels where as_of_date = date '{test_date}' "
        "and label_window_days = 60 and is_label_complete"
    )
    assert count > 0


def test_a_folder_without_a_mapping_or_known_files_says_how_to_begin(tmp_path):
    data_dir = tmp_path / "mine"
    data_dir.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 1 as order_number, 2 as total) to '{data_dir / 'orders.csv'}'"
        )
    done = Shop(data_dir, tmp_path).run("regulars", "load", check=False)
    assert done.returncode == 1
    assert "regulars init" in " ".join((done.stdout + done.stderr).split())
