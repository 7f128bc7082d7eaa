"""The mapping of the demo reads its file as the truth has it: orders, people, money, returns."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal

import duckdb
import pytest

from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.looking import guess_mapping
from orchestration.loading.mapping.read import read_mapping
from orchestration.sources.shop.demo import SCENARIOS, generate_demo_shop

HEADER = (
    "order_id,ordered_at,customer_id,email,country,postal_code,city,product_id,product_name,"
    "category_name,quantity,unit_price,line_discount_amount,discount_amount,total_amount"
)
TRUTH = ("customers", "habits", "orders", "pairs", "products", "returns", "shop", "tastes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("loyal")
    generate_demo_shop(path, order_count=6_000, seed=11)
    return path


@pytest.fixture(scope="module", params=list(SCENARIOS))
def loaded(request, tmp_path_factory):
    """A shop of each kind as its mapping reads it, with its truth in the schema truth."""
    path = tmp_path_factory.mktemp(request.param)
    generate_demo_shop(path, order_count=3_000, seed=5, scenario=request.param)
    with duckdb.connect() as connection:
        apply_mapping(connection, path, read_mapping(path / "shop.yml"))
        connection.execute("create schema truth")
        for name in TRUTH:
            connection.execute(f"create table truth.{name} as from '{path}/truth/{name}.parquet'")
        connection.execute(
            "create table truth.file as from "
            f"read_csv('{path}/order_lines.csv', all_varchar = true)"
        )
        yield connection


def rows(connection, query):
    return connection.execute(query).fetchall()


# The file is what the mapping says


def test_the_header_names_what_stands_in_the_file(folder):
    with (folder / "order_lines.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == HEADER.split(",")


def test_orders_and_returns_are_numbered_by_time(folder):
    counts = rows(
        duckdb,
        f"""
        with documents as (
            select order_id, min(ordered_at) as first_at, max(ordered_at) as last_at,
                cast(ltrim(order_id, 'R') as integer) as number
            from read_csv('{folder}/order_lines.csv', types = {{'order_id': 'VARCHAR'}})
            group by order_id
        )

        select
            min(number), max(number) - count(*), count(*) filter (first_at <> last_at),
            count(*) filter (first_at < before_at)
        from (select *, lag(first_at) over (order by number) as before_at from documents)
        """,
    )
    assert counts == [(100_001, 100_000, 0, 0)]


def test_regulars_init_recognises_the_file_by_its_columns(folder):
    guess = guess_mapping(folder)
    assert guess.preset == "flat_lines"
    assert guess.files == {"lines": ["order_lines.csv"]}


def test_the_mapping_sets_no_row_aside_and_says_nothing_odd(loaded):
    assert rows(loaded, "select * from raw.rejected") == []
    findings = {name for (name,) in rows(loaded, "select finding_id from raw.findings")}
    assert findings <= {"guest_orders", "summed_lines", "lines_return", "lines_sale"}


def test_every_row_of_the_file_is_in_the_ledger(loaded):
    assert rows(
        loaded,
        "select count(*), count(*) filter (line_kind = 'return') from raw.ledger_lines",
    ) == rows(loaded, "select row_count, return_row_count from truth.shop")


def test_every_order_has_the_amounts_the_moment_and_the_person_of_the_truth(loaded):
    mapped = """
        select order_id, customer_id, ordered_at, item_amount, other_amount,
            coalesce(order_discount_amount, 0), total_amount, merchandise_line_count > 0
        from raw.orders where is_valid_order
    """
    planted = """
        select order_id, customer_id, ordered_at, merchandise_amount, service_amount,
            discount_amount, total_amount, true
        from truth.orders
    """
    assert rows(loaded, f"({mapped}) except all ({planted})") == []
    assert rows(loaded, f"({planted}) except all ({mapped})") == []


def test_totals_are_what_their_parts_come_to(loaded):
    differences = rows(loaded, "select min(total_difference_amount), max(total_difference_amount), "
                         "count(total_amount) from raw.orders")  # fmt: skip
    assert differences == [(Decimal(0), Decimal(0), 3_000)]


def test_people_who_are_not_signed_in_are_known_by_their_e_mail(loaded):
    people = rows(loaded, "select count(distinct customer_id) from raw.orders")
    assert people == rows(loaded, "select count(*) from truth.customers")
    ((without_id, in_capitals),) = rows(
        loaded,
        """
        select count(distinct order_id) filter (customer_id is null and email is not null),
            count(distinct order_id) filter (email <> lower(email))
        from truth.file
        """,
    )
    assert min(without_id, in_capitals) > 30


def test_lines_are_merchandise_shipping_and_fees_as_the_truth_has_them(loaded):
    assert rows(
        loaded,
        "select product_id, product_name, category_name, product_kind, is_merchandise "
        "from raw.products order by product_id",
    ) == rows(
        loaded,
        "select product_id, product_name, category_name, product_kind, "
        "product_kind = 'merchandise' from truth.products "
        "where product_id in (select product_id from raw.products) order by product_id",
    )
    kinds = rows(loaded, "select distinct product_kind from raw.order_lines order by all")
    assert kinds == [("fee",), ("merchandise",), ("shipping",)]


def test_a_product_stands_once_in_an_order_after_the_lines_are_summed(loaded):
    assert (
        rows(
            loaded,
            """
        select order_id, count(*) as product_count from raw.order_lines
        where is_merchandise group by order_id
        except all select order_id, product_count from truth.orders
        """,
        )
        == []
    )
    ((summed,),) = rows(loaded, "select count(*) from raw.order_lines where source_line_count > 1")
    assert summed > 0


def test_returns_are_dated_negative_lines_with_the_amounts_of_the_truth(loaded):
    mapped = """
        select return_id, customer_id, product_id, quantity, returned_amount, returned_at
        from raw.returns
    """
    planted = """
        select return_id, customer_id, product_id, quantity, returned_amount, returned_at
        from truth.returns
    """
    assert rows(loaded, f"({mapped}) except all ({planted})") == []
    assert rows(loaded, f"({planted}) except all ({mapped})") == []


# Returns undo what was bought


def match(purchases, returned):
    """The kind of each return by the rule of the agreement, one customer and product at a time.

    One return after the other: the latest earlier line of its quantity and price that is whole;
    else what is left of earlier lines, those of its price first.
    """
    left = [quantity for _, quantity, _ in purchases]
    kinds = {}
    for number, (moment, quantity, price) in sorted(
        enumerate(returned), key=lambda entry: entry[1]
    ):
        earlier = [place for place, purchase in enumerate(purchases) if purchase[0] <= moment]
        earlier.sort(key=lambda place: purchases[place][0], reverse=True)
        earlier.sort(key=lambda place: purchases[place][2] != price)
        exact = [
            place
            for place in earlier
            if purchases[place][1:] == (quantity, price) and left[place] == quantity
        ]
        open_quantity = quantity
        for place in exact[:1] or earlier:
            taken = min(open_quantity, left[place])
            left[place] -= taken
            open_quantity -= taken
        kinds[number] = (
            "exact" if exact
            else "whole" if not open_quantity
            else "partial" if open_quantity < quantity
            else "unmatched"
        )  # fmt: skip
    return [kinds[number] for number in range(len(returned))]


def test_the_planted_kind_of_each_return_is_the_one_that_matching_finds(folder):
    with duckdb.connect() as connection:
        apply_mapping(connection, folder, read_mapping(folder / "shop.yml"))
        bought, returned, planted = (defaultdict(list) for _ in range(3))
        for customer, product, *purchase in rows(
            connection,
            "select customer_id, product_id, ordered_at, quantity, "
            "cast(unit_price as decimal(18, 2)) from raw.ledger_lines "
            "where line_kind = 'sale' and is_merchandise and customer_id is not null",
        ):
            bought[customer, product].append(tuple(purchase))
        for customer, product, kind, *back in rows(
            connection,
            f"""
            select planted.customer_id, planted.product_id, match_kind, planted.returned_at,
                planted.quantity, cast(unit_price as decimal(18, 2))
            from '{folder}/truth/returns.parquet' as planted
            inner join raw.returns as mapped using (return_id, product_id)
            where planted.customer_id is not null
            """,
        ):
            returned[customer, product].append(tuple(back))
            planted[customer, product].append(kind)
    matched = {key: match(bought[key], returned[key]) for key in returned}
    assert matched == dict(planted)
    kinds = {kind for pair_kinds in planted.values() for kind in pair_kinds}
    assert kinds == {"exact", "whole", "partial", "unmatched"}


def test_a_return_comes_after_its_purchase_and_before_the_file_ends(folder):
    counts = rows(
        duckdb,
        f"""
        select count(*) filter (returned_at <= ordered_at + interval 1 hour),
            count(*) filter (returned_at >= closed_at),
            count(*) filter (
                ordered_at is not null and orders.customer_id is distinct from returns.customer_id
            )
        from '{folder}/truth/returns.parquet' as returns
        left join '{folder}/truth/orders.parquet' as orders using (order_id)
        cross join '{folder}/truth/shop.parquet'
        """,
    )
    assert counts == [(0, 0, 0)]
