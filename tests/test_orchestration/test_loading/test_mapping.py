"""A mapping is read as it was written, and a bad one is refused by one sentence with its place."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.errors import InputError
from orchestration.loading.mapping.fields import FIELDS
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.presets import PRESET_NAMES, all_presets, find_preset
from orchestration.loading.mapping.read import parse_mapping, read_mapping
from orchestration.loading.mapping.sentences import keys_at
from orchestration.loading.mapping.yaml_text import parse_yaml

GOOD = """\
version: 1
time_zone: Europe/London
currency: GBP
decimal_mark: "."
date_formats: ["%d/%m/%Y %H:%M", iso]
layout: flat_lines
files:
  lines:
    path: sales-*.csv
    key: order_id
orders:
  stand_on: every_line
  columns:
    order_id: Invoice
    ordered_at: Date
    customer_id: Customer
    email: [Email, Mail]
    status: State
  statuses:
    valid: [paid, shipped]
    not_valid: [cancelled]
lines:
  duplicates: summed
  columns:
    product_id: Code
    quantity: Qty
    unit_price: Price
products:
  kinds:
    - kind: shipping
      codes: [POST, NO, 01113]
rules:
  - kind: return
    when: {field: quantity, sign: negative}
  - kind: test
    when:
      - {column: Note, equals: test}
money:
  prices_include_tax: no
protocol:
  as_of_date: 2011-12-10
  label_window_days: 90
  max_auc: 0.8
"""


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_mapping(text, "shop.yml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_what_yaml_would_misread_stays_what_was_written():
    mapping = parse_mapping(GOOD)
    assert mapping.products.kinds[0].codes == ("POST", "NO", "01113")
    assert mapping.money.prices_include_tax is False
    assert mapping.protocol.as_of_date == date(2011, 12, 10)
    assert mapping.orders.columns.given()["email"] == ("Email", "Mail")


@pytest.mark.parametrize(
    ("word", "value"),
    [("yes", True), ("no", False), ("true", True), ("False", False), ("on", True), ("off", False)],
)
def test_every_word_of_yaml_for_yes_and_no_is_understood(word, value):
    mapping = parse_mapping(changed("include_tax: no", f"include_tax: {word}"))
    assert mapping.money.prices_include_tax is value


def test_a_value_in_quotes_is_the_same_value():
    quoted = changed("version: 1", 'version: "1"').replace("2011-12-10", '"2011-12-10"')
    assert parse_mapping(quoted) == parse_mapping(GOOD)


BAD: dict[str, tuple[str, str]] = {
    "a typo in a key": (
        changed("currency: GBP", "curency: GBP"),
        "shop.yml, line 3, key curency: no such key is known here; did you mean 'currency'? what",
    ),
    "a typo in a nested key": (
        changed("stand_on: every_line", "stands_on: every_line"),
        "line 12, key orders.stands_on: no such key is known here; did you mean 'stand_on'? "
        "what may stand here: columns, ids, stand_on, statuses.",
    ),
    "a typo in a field": (
        changed("ordered_at: Date", "orderd_at: Date"),
        "line 15, key orders.columns.orderd_at: no such key is known here; did you mean "
        "'ordered_at'?",
    ),
    "a key that resembles none": (
        changed("time_zone: Europe/London", "time_zone: Europe/London\nzzz: 1"),
        "line 3, key zzz: no such key is known here; what may stand here: currency, customers,",
    ),
    "a key that stands there twice": (
        changed("currency: GBP", "currency: GBP\ncurrency: EUR"),
        "line 4: the key 'currency' stands there twice, first on line 3; keep one of them.",
    ),
    "no version": (
        changed("version: 1\n", ""),
        "line 1, key version: it is missing; add `version: 1`.",
    ),
    "a later version": (
        changed("version: 1", "version: 2"),
        "line 1, key version: it holds '2', expected 1, which this Regulars reads;",
    ),
    "no time zone": (
        changed("time_zone: Europe/London\n", ""),
        "key time_zone: it is missing; add the shop's time zone, like `time_zone: Europe/London`.",
    ),
    "a time zone that does not exist": (
        changed("Europe/London", "London time"),
        "line 2, key time_zone: it holds 'London time', expected the name of a time zone like "
        "Europe/London or UTC.",
    ),
    "a currency as a sign": (
        changed("GBP", "£"),
        "line 3, key currency: it holds '£', expected the three capital letters of a currency, "
        "like EUR.",
    ),
    "a decimal mark that is none": (
        changed('decimal_mark: "."', "decimal_mark: ;"),
        "line 4, key decimal_mark: it holds ';', expected one of ., ,",
    ),
    "one mark for two": (
        changed('decimal_mark: "."', 'decimal_mark: ","\nthousands_mark: ","'),
        "line 5, key thousands_mark: it holds ',', which is the decimal_mark, too;",
    ),
    "a date format without a day": (
        changed("%d/%m/%Y %H:%M", "%m/%Y"),
        "line 5, key date_formats[1]: it holds '%m/%Y', expected iso, unix_seconds, excel_serial, "
        "or a format with year, month and day like %d/%m/%Y %H:%M.",
    ),
    "a date format of another program": (
        changed('"%d/%m/%Y %H:%M"', "DD/MM/YYYY"),
        "key date_formats[1]: it holds 'DD/MM/YYYY', expected iso,",
    ),
    "a layout with a typo": (
        changed("layout: flat_lines", "layout: flat_line"),
        "line 6, key layout: it holds 'flat_line', expected one of flat_lines, orders_and_lines, "
        "payments_only; did you mean 'flat_lines'?",
    ),
    "a layout that wants another file": (
        changed("layout: flat_lines", "layout: orders_and_lines"),
        "line 7, key files: the layout orders_and_lines wants the file of orders, which is "
        "missing; add `orders:` with its path below it.",
    ),
    "a file of a table that the layout lacks": (
        changed("files:\n", "files:\n  orders: {path: orders.csv}\n"),
        "line 8, key files.orders: the layout flat_lines has no file of orders; remove it,",
    ),
    "lines in a layout without any": (
        changed("layout: flat_lines", "layout: payments_only"),
        "key files: the layout payments_only wants the file of payments, which is missing;",
    ),
    "a path that leaves the folder": (
        changed("sales-*.csv", "../sales.csv"),
        "line 9, key files.lines.path: it holds '../sales.csv', expected a name or a pattern "
        "within the data folder, like orders-*.csv.",
    ),
    "a sheet of a file without any": (
        changed("path: sales-*.csv", "path: sales-*.csv\n    sheets: [A]"),
        "line 10, key files.lines.sheets: only a workbook has sheets, and the path is",
    ),
    "a delimiter of two signs": (
        changed("path: sales-*.csv", 'path: sales-*.csv\n    delimiter: "||"'),
        "line 10, key files.lines.delimiter: it holds '||', expected one sign,",
    ),
    "an encoding that does not exist": (
        changed("path: sales-*.csv", "path: sales-*.csv\n    encoding: ansi2"),
        "key files.lines.encoding: it holds 'ansi2', expected an encoding like utf-8,",
    ),
    "a header line that is no number": (
        changed("path: sales-*.csv", "path: sales-*.csv\n    header_line: first"),
        "key files.lines.header_line: it holds 'first', expected a whole number.",
    ),
    "a header line before the first": (
        changed("path: sales-*.csv", "path: sales-*.csv\n    header_line: 0"),
        "key files.lines.header_line: it holds '0', expected 1 or more.",
    ),
    "a key of a file that is no field": (
        changed("key: order_id", "key: order"),
        "line 10, key files.lines.key[1]: 'order' is no field that has columns here; did you mean "
        "'order_id'? expected one of order_id,",
    ),
    "an order without a moment": (
        changed("    ordered_at: Date\n", ""),
        "line 13, key orders.columns: the field ordered_at is missing; add `ordered_at:` with the "
        "column that has it.",
    ),
    "lines without a price": (
        changed("    unit_price: Price\n", ""),
        "key lines.columns: the field unit_price is missing;",
    ),
    "a unit price where line totals are announced": (
        changed("money:\n", "money:\n  line_price: line_total\n"),
        "key lines.columns: the field line_total is missing;",
    ),
    "nobody to whom an order belongs": (
        changed("    customer_id: Customer\n    email: [Email, Mail]\n", ""),
        "line 13, key orders.columns: no column says who the customer is; add `customer_id:` or "
        "`email:` or `phone:`.",
    ),
    "one column for two fields": (
        changed("product_id: Code", "product_id: Invoice"),
        "line 25, key lines.columns.product_id: it holds the column 'Invoice', which "
        "orders.columns.order_id has already; expected another column.",
    ),
    "a column twice in a list": (
        changed("[Email, Mail]", "[Email, Email]"),
        "line 17, key orders.columns.email: it holds Email, Email; expected each column once.",
    ),
    "a column that is nothing": (
        changed("product_id: Code", "product_id: []"),
        "key lines.columns.product_id: it holds the list '', expected at least one value.",
    ),
    "keys where a column is expected": (
        changed("product_id: Code", "product_id: {column: Code}"),
        "line 25, key lines.columns.product_id: it holds the keys column, expected a text, or a "
        "list like [a, b].",
    ),
    "a text where keys are expected": (
        changed("money:\n  prices_include_tax: no", "money: gross"),
        "key money: it holds 'gross', expected keys with values below it: line_discount,",
    ),
    "a status in both lists": (
        changed("not_valid: [cancelled]", "not_valid: [Paid]"),
        "key orders.statuses: it holds the keys valid, not_valid, expected each status in one "
        "list, but 'paid' stands in both.",
    ),
    "statuses without a column": (
        changed("    status: State\n", ""),
        "line 18, key orders.statuses: no column has the status; add `status:` to orders.columns,",
    ),
    "a kind of rule that does not exist": (
        changed("kind: return", "kind: refund"),
        "line 33, key rules[1].kind: it holds 'refund', expected one of return, adjustment, gift,",
    ),
    "a rule on a field without a column": (
        changed("field: quantity, sign: negative", "field: line_total, sign: negative"),
        "line 34, key rules[1].when[1].field: it holds 'line_total', which has no column here;",
    ),
    "a rule on a field that does not exist": (
        changed("field: quantity, sign: negative", "field: amount, sign: negative"),
        "line 34, key rules[1].when[1]: it holds the keys field, sign, expected a field of orders "
        "or lines as field, which 'amount' is not.",
    ),
    "a rule with two tests": (
        changed("field: quantity, sign: negative", "field: quantity, sign: negative, prefix: A"),
        "expected one of equals, prefix, sign and is_empty.",
    ),
    "a rule on a field and a column": (
        changed("{column: Note, equals: test}", "{column: Note, field: status, equals: test}"),
        "line 37, key rules[2].when[1]: it holds the keys column, field, equals, expected either "
        "field or column, and not both.",
    ),
    "the sign of a text": (
        changed("field: quantity, sign: negative", "field: order_id, sign: negative"),
        "expected a number with sign, which order_id is not.",
    ),
    "a kind of product without products": (
        changed("      codes: [POST, NO, 01113]\n", ""),
        "key products.kinds[1]: it holds the keys kind, expected codes or prefixes.",
    ),
    "a code of two kinds": (
        changed("codes: [POST, NO, 01113]", "codes: [POST]\n    - {kind: fee, codes: [post]}"),
        "key products.kinds[2].codes: the code 'post' is of the kind shipping already;",
    ),
    "reviews without a file": (
        GOOD + "reviews:\n  columns: {order_id: Order, review_score: Stars}\n",
        "key reviews.columns: no file of reviews is given; add `reviews:` with its path below",
    ),
    "a file of reviews without columns": (
        changed("files:\n", "files:\n  reviews: {path: r.csv}\n"),
        "line 8, key files.reviews: no columns of reviews are given;",
    ),
    "an answer that is neither yes nor no": (
        changed("include_tax: no", "include_tax: maybe"),
        "key money.prices_include_tax: it holds 'maybe', expected true or false.",
    ),
    "a date that is none": (
        changed("2011-12-10", "2011-13-10"),
        "key protocol.as_of_date: it holds '2011-13-10', expected a day like 2011-12-10.",
    ),
    "a label window of another length": (
        changed("label_window_days: 90", "label_window_days: 45"),
        "key protocol.label_window_days: it holds 45, expected one of 30, 60, 90, 180, 365.",
    ),
    "an AUC that no model can have": (
        changed("max_auc: 0.8", "max_auc: 80"),
        "key protocol.max_auc: it holds '80', expected 1.0 or less.",
    ),
    "training dates after the test": (
        GOOD + "  training_dates: [2011-09-01]\n  test_date: 2011-08-01\n",
        "key protocol: it holds the keys as_of_date, label_window_days, max_auc, training_dates, "
        "test_date, expected training_dates before the test_date 2011-08-01.",
    ),
    "a tag": (changed("GBP", "!!python/object:os.system GBP"), "line 3: the tag"),
    "a merge key": (
        changed("orders:\n", "orders:\n  <<: {a: b}\n"),
        "line 12: expected a plain key, found '<<'; write it out.",
    ),
    "no YAML": (changed("version: 1", "version: [1"), "this is no YAML"),
    "nothing": ("", "line 1: it holds nothing, expected a mapping that begins with `version: 1`;"),
    "a list": ("- a\n", "line 1: it holds no keys, expected a mapping that begins with"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_mapping_is_refused_by_one_sentence_that_names_its_place(name):
    text, sentence = BAD[name]
    message = refusal(text)
    assert sentence in message
    assert re.match(r"shop\.yml, line \d+", message)
    assert "\n" not in message


def test_several_faults_are_counted_and_the_first_by_line_is_told():
    text = changed("currency: GBP", "currency: £").replace("layout: flat_lines", "layout: none")
    assert refusal(text).startswith("shop.yml, line 3, key currency")
    assert refusal(text).endswith(" 1 more key is wrong.")


def test_a_mapping_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="write one with `regulars init DATA_FOLDER`"):
        read_mapping(tmp_path / "shop.yml")


def test_a_mapping_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "shop.yml"
    path.write_bytes(GOOD.replace("Invoice", "Beleg-Nümmer").encode("latin-1"))
    with pytest.raises(InputError, match="expected text in UTF-8, but byte"):
        read_mapping(path)


def test_every_preset_is_a_whole_mapping():
    assert [preset.mapping.preset for preset in all_presets()] == list(PRESET_NAMES)


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_a_preset_maps_the_columns_that_it_is_recognised_by(name):
    preset = find_preset(name)
    assert set(preset.signs) == set(preset.mapping.tables())
    for table, signs in preset.signs.items():
        mapped = {
            column
            for table_name in {table, "orders"}
            for candidates in preset.mapping.columns_of(table_name).values()
            for column in candidates
        }
        for sign in signs:
            assert mapped.issuperset(sign)


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_a_preset_says_what_was_checked(name):
    assert "# Checked: " in find_preset(name).text


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)


@given(words)
@settings(max_examples=200, deadline=None)
def test_any_word_in_quotes_is_read_as_it_is(word):
    escaped = word.replace("'", "''")
    assert parse_yaml(f"key: '{escaped}'\n", "shop.yml").value == {"key": word}


@given(
    st.sampled_from(["orders", "lines"]).flatmap(
        lambda table: st.tuples(st.just(table), st.sampled_from(sorted(FIELDS[table])))
    ),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_one_wrong_letter_in_a_field_gets_the_right_hint(place, data):
    table, field = place
    position = data.draw(st.integers(0, len(field) - 1))
    typo = field[:position] + "0" + field[position + 1 :]
    head, middle, rest = GOOD.partition(f"\n{table}:\n")
    before, _, after = rest.partition("  columns:\n")
    message = refusal(f"{head}{middle}{before}  columns:\n    {typo}: X\n{after}")
    assert f"key {table}.columns.{typo}: no such key is known here; did you mean " in message


def test_keys_are_known_at_every_depth():
    assert "path" in keys_at(ShopMapping, ("files", "lines"))
    assert keys_at(ShopMapping, ("rules", 3, "when", 0))[:2] == ["field", "column"]
    assert keys_at(ShopMapping, ("currency",)) == []
