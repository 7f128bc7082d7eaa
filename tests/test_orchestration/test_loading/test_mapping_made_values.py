"""Files without ids of orders, or without quantities: stated in the mapping, never assumed."""

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration.errors import InputError
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.looking import guess_mapping
from orchestration.loading.mapping.read import parse_mapping

HEAD = """\
version: 1
time_zone: UTC
currency: EUR
"""
PAYMENTS = f"""\
{HEAD}layout: payments_only
files:
  payments: {{path: "*.csv"}}
orders:
  ids: by_customer_and_moment
  columns: {{customer_id: who}}
payments:
  columns: {{paid_at: day, paid_amount: spent}}
"""
LINES = f"""\
{HEAD}layout: flat_lines
files:
  lines: {{path: "*.csv"}}
orders:
  ids: by_customer_and_moment
  columns: {{ordered_at: day, email: who}}
lines:
  quantities: one_per_line
  columns: {{product_id: sku, unit_price: price}}
rules:
  - {{kind: return, when: {{field: unit_price, sign: negative}}}}
"""


@pytest.fixture
def load(tmp_path):
    """Loads texts by name with a mapping; gives what answers queries."""
    with duckdb.connect() as connection:

        def load(mapping, **texts):
            for name, text in texts.items():
                (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
            apply_mapping(connection, tmp_path, parse_mapping(mapping))
            return lambda query: connection.execute(query).fetchall()

        yield load


def test_what_a_customer_pays_on_one_day_is_one_order(load):
    ask = load(
        PAYMENTS,
        log="who,day,spent\n7,1997-01-12,12.00\n7,1997-01-12,77.00\n7,1997-01-13,1.50\n"
        "8,1997-01-12,2.00\n",
    )
    orders = "select order_id, customer_id, ordered_at, total_amount from raw.orders order by all"
    assert ask(orders) == [
        ("7 1997-01-12", "7", datetime(1997, 1, 12), Decimal("89.00")),
        ("7 1997-01-13", "7", datetime(1997, 1, 13), Decimal("1.50")),
        ("8 1997-01-12", "8", datetime(1997, 1, 12), Decimal("2.00")),
    ]
    payments = "select order_id, payment_number, paid_amount from raw.payments order by all"
    assert ask(payments) == [
        ("7 1997-01-12", 1, Decimal("12.00")),
        ("7 1997-01-12", 2, Decimal("77.00")),
        ("7 1997-01-13", 1, Decimal("1.50")),
        ("8 1997-01-12", 1, Decimal("2.00")),
    ]


def test_where_dates_have_a_time_another_minute_is_another_order(load):
    ask = load(PAYMENTS, log="who,day,spent\n7,1997-01-12 10:00,12\n7,1997-01-12 10:01,77\n")
    assert ask("select order_id from raw.orders") == [
        ("7 1997-01-12 10:00:00",),
        ("7 1997-01-12 10:01:00",),
    ]


def test_rows_without_a_customer_are_an_order_each(load):
    ask = load(PAYMENTS, log="who,day,spent\n,1997-01-12,12\n,1997-01-12,77\n")
    assert ask("select order_id, customer_id, total_amount from raw.orders order by all") == [
        ("row 1.1 1997-01-12", None, Decimal("12.00")),
        ("row 1.2 1997-01-12", None, Decimal("77.00")),
    ]


def test_lines_without_ids_and_quantities_become_orders_and_returns(load):
    ask = load(
        LINES,
        log="who,day,sku,price\nAnna@Example.com ,2024-05-01,mug,3.50\n"
        "anna@example.com,2024-05-01,cup,2.00\nanna@example.com,2024-05-01,mug,3.50\n"
        "anna@example.com,2024-05-03,mug,-3.50\n",
    )
    assert ask("select item_amount, line_count from raw.orders where is_valid_order") == [
        (Decimal("9.00"), 3)
    ]
    assert ask("select product_id, quantity, item_amount from raw.order_lines order by all") == [
        ("cup", Decimal("1"), Decimal("2.00")),
        ("mug", Decimal("2"), Decimal("7.00")),
    ]
    assert ask("select quantity, returned_amount from raw.returns") == [
        (Decimal("1"), Decimal("3.50"))
    ]


def test_an_order_id_never_holds_an_address(load):
    ask = load(LINES, log="who,day,sku,price\nanna@example.com,2024-05-01,mug,3.50\n")
    ((order_id, customer_id),) = ask("select order_id, customer_id from raw.orders")
    assert "@" not in order_id
    assert order_id == f"{customer_id} 2024-05-01"


def test_rows_of_an_order_in_two_files_are_read_from_one(load):
    row = "7,1997-01-12,12.00\n"
    ask = load(PAYMENTS, a=f"who,day,spent\n{row}{row}", b=f"who,day,spent\n{row}{row}")
    assert ask("select total_amount from raw.orders") == [(Decimal("24.00"),)]
    assert ask("select count(*) from raw.rejected where reason_code = 'overlap'") == [(2,)]


def test_a_row_without_its_moment_is_refused_at_its_line(load):
    with pytest.raises(InputError, match=r"log\.csv, line 3, column day: .*moment of an order"):
        load(LINES, log="who,day,sku,price\na@b.com,2024-05-01,mug,3\na@b.com,,mug,3\n")


def test_a_negative_price_without_a_rule_is_refused_at_the_column_of_the_price(load):
    text = LINES[: LINES.index("rules:")]
    with pytest.raises(InputError, match=r"log\.csv, line 2, column price: .* no rule says"):
        load(text, log="who,day,sku,price\na@b.com,2024-05-01,mug,-3\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PAYMENTS.replace("  ids: by_customer_and_moment\n", ""),
         "the field payment_id is missing; add `payment_id:` with the column that has it, or, if "
         "there is none, `ids: by_customer_and_moment` below orders."),
        (LINES.replace("  ids: by_customer_and_moment\n", ""),
         "the field order_id is missing; add `order_id:` with the column that has it, or, if "
         "there is none, `ids: by_customer_and_moment` below orders."),
        (LINES.replace("  quantities: one_per_line\n", ""),
         "the field quantity is missing; add `quantity:` with the column that has it, or, if each "
         "line is one piece, `quantities: one_per_line` below lines."),
        (LINES.replace("{ordered_at: day,", "{order_id: no, ordered_at: day,"),
         "orders.columns.order_id names each order; remove it, or set ids to given."),
        (LINES.replace("{product_id: sku,", "{quantity: pieces, product_id: sku,"),
         "lines.columns.quantity has the pieces; remove it, or set quantities to given."),
        (LINES.replace("  columns: {ordered_at", "  stand_on: first_line\n  columns: {ordered_at"),
         "by_customer_and_moment needs the customer and the moment on every row of one file"),
        (LINES.replace("by_customer_and_moment", "by_day"),
         "expected one of given, by_customer_and_moment."),
    ],
)  # fmt: skip
def test_a_mapping_states_what_no_column_has_or_is_refused(text, sentence):
    with pytest.raises(InputError) as caught:
        parse_mapping(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "layout", "notes"),
    [
        ("customer_id,date,number_of_cds,dollar_value\n00001,19970101,1,11.77\n"
         "00002,19970112,1,12.00\n00002,19970112,5,77.00\n", "payments_only",
         ["payments.columns.payment_id: no column looks like it; what one customer bought at one "
          "moment, or on one day where dates have no time, is taken for one order."]),
        ("order_id,order_date,customer_id,sku,price\n1,2024-05-01,7,mug,5\n1,2024-05-01,7,cup,4\n",
         "flat_lines",
         ["lines.columns.quantity: no column looks like it; each line is taken for one piece."]),
        ("Datum;Kunde;Artikelnummer;Menge;Einzelpreis\n01.05.2024;7;mug;2;5,00\n"
         "13.05.2024;7;cup;1;4,00\n", "flat_lines",
         ["orders.columns.order_id: no column looks like it; what one customer bought at one "
          "moment, or on one day where dates have no time, is taken for one order."]),
    ],
)  # fmt: skip
def test_init_states_what_it_takes_for_what_no_column_has(tmp_path, text, layout, notes):
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    guess = guess_mapping(tmp_path)
    assert guess.mapping.layout == layout
    assert set(notes) <= set(guess.unsure)
    assert "?" not in guess.text.replace("?:", "")
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, guess.mapping)
        assert connection.execute("select count(*) from raw.orders where is_valid_order") \
            .fetchall() != [(0,)]  # fmt: skip


def test_a_list_of_prices_is_not_taken_for_lines(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,order_date,customer_id,total\n1,2024-05-01,7,5\n2,2024-06-01,7,4\n", "utf-8"
    )
    (tmp_path / "prices.csv").write_text("sku,price\nmug,5\ncup,4\n", "utf-8")
    guess = guess_mapping(tmp_path)
    assert guess.files == {"payments": ["orders.csv"]}
    assert guess.mapping.layout == "payments_only"
    # The number of the order is the payment's, and no order is made up.
    assert guess.mapping.columns_of("payments")["payment_id"] == ("order_id",)
    assert guess.mapping.orders.ids == "given"
