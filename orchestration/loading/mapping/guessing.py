"""Which column is what, by its name and by what it holds, each with a confidence and a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from orchestration.loading.mapping.fields import FIELDS, PLACEHOLDER, TableName
from orchestration.loading.mapping.profile import Column, Looked, plain_name
from orchestration.loading.mapping.yaml_text import parse_yaml

SAME_NAME, LIKE_NAME, BY_VALUES = 0.95, 0.7, 0.6
CUSTOMER_KEYS = ("customer_id", "email", "phone")
NUMBERS = {"amount", "price", "quantity", "count"}


@dataclass(frozen=True)
class ColumnGuess:
    """A column that may fill a field.

    Attributes:
        column: its name.
        confidence: from 0 to 1.
        reason: why.
    """

    column: str
    confidence: float
    reason: str


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    source = files("orchestration.loading.mapping").joinpath("column_names.yml")
    value: dict[str, dict[str, list[str]]] = parse_yaml(
        source.read_text(encoding="utf-8"), source.name
    ).value
    return value


def column_words(section: str) -> dict[str, list[str]]:
    """The words that shops use for a table's fields, or for something else that is listed."""
    return _names()[section]


def guess_layout(looked: Sequence[Looked]) -> tuple[str, dict[TableName, list[Looked]]]:
    """The layout, and the files of each of its tables.

    Args:
        looked: files that may be of orders, lines or payments, the likeliest first.
    """
    with_orders = [file for file in looked if _has(file, "orders", "order_id", "ordered_at")]
    with_lines = [file for file in looked if _has(file, "lines", "quantity")]
    with_lines = with_lines or [file for file in looked if _has_sold_products(file)]
    flat = [file for file in with_orders if file in with_lines]
    if flat:
        return "flat_lines", {"lines": alike(flat)}
    lines = [file for file in with_lines if _has(file, "lines", "order_id")]
    if with_orders and lines:
        return "orders_and_lines", {"orders": alike(with_orders), "lines": alike(lines)}
    unnumbered = [file for file in with_lines if _names_customer_and_moment(file)]
    if unnumbered:
        return "flat_lines", {"lines": alike(unnumbered)}
    paid = [file for file in looked if _has(file, "payments", "paid_amount", "paid_at")]
    if paid and not with_lines:
        return "payments_only", {"payments": alike(paid)}
    largest = max(
        with_orders or looked, key=lambda file: max((c.row_count for c in file.columns), default=0)
    )
    return "flat_lines", {"lines": alike([largest])}


def is_priced(looked: Looked) -> bool:
    """Whether a column is called like the price of a line, and may hold it."""
    return any(is_named(looked, "lines", price) for price in ("unit_price", "line_total"))


def _has_sold_products(looked: Looked) -> bool:
    """Whether the rows are lines without a quantity: a product, its price, and who bought it."""
    return (
        is_named(looked, "lines", "product_id")
        and is_priced(looked)
        and (is_named(looked, "lines", "order_id") or _names_customer_and_moment(looked))
    )


def _names_customer_and_moment(looked: Looked) -> bool:
    return _has(looked, "orders", "ordered_at") and any(
        _has(looked, "orders", key) for key in CUSTOMER_KEYS
    )


def alike(looked: Sequence[Looked]) -> list[Looked]:
    """The files with the same header as the first."""
    return [file for file in looked if file.header == looked[0].header]


def is_named(looked: Looked, table: TableName, name: str) -> bool:
    """Whether a column is called as a field is, and may hold it."""
    best = _best(looked, table, name, set())
    return best is not None and best.confidence > LIKE_NAME


def _has(looked: Looked, table: TableName, *names: str) -> bool:
    return all(_best(looked, table, name, set()) is not None for name in names)


def guess_columns(
    layout: str, table: TableName, looked: Looked
) -> dict[TableName, dict[str, ColumnGuess]]:
    """The fields of a file, with their columns; a required field without any gets a placeholder.

    Args:
        layout: of the mapping.
        table: of the file.
        looked: what is known of the file.
    """
    tables: list[TableName] = {
        "flat_lines": ["orders", "lines"],
        "payments_only": ["payments", "orders"],
    }.get(layout, [table])  # type: ignore[assignment]
    taken: set[str] = set()
    guesses_by_table: dict[TableName, dict[str, ColumnGuess]] = {owner: {} for owner in tables}
    fields = [
        (owner, name)
        for owner in tables
        for name in _names().get(owner, {})
        if not (layout == "flat_lines" and owner == "lines" and name == "order_id")
        and not (layout == "payments_only" and (owner, name) in _NOT_OF_PAYMENTS_ONLY)
    ]
    guesses: dict[tuple[TableName, str], ColumnGuess] = {}
    # The surest guesses first, so that a column goes to the field that it fits best.
    for _ in fields:
        offers = [
            (guess.confidence, -place, owner, name, guess)
            for place, (owner, name) in enumerate(fields)
            if (owner, name) not in guesses
            and (guess := _best(looked, owner, name, taken)) is not None
        ]
        if not offers:
            break
        *_, owner, name, guess = max(offers, key=lambda offer: offer[:2])
        guesses[owner, name] = guess
        taken.add(guess.column)
    for owner, name in fields:  # in the order of the fields
        if (owner, name) in guesses:
            guesses_by_table[owner][name] = guesses[owner, name]
    _fill_required(layout, table, guesses_by_table)
    return guesses_by_table


# Of payments alone each is an order of its own, and its status is the order's.
_NOT_OF_PAYMENTS_ONLY = (
    ("orders", "order_id"), ("orders", "ordered_at"), ("orders", "total_amount"),
    ("payments", "order_id"), ("payments", "payment_status"), ("payments", "transaction_kind"),
)  # fmt: skip


def _fill_required(
    layout: str, table: TableName, guesses: dict[TableName, dict[str, ColumnGuess]]
) -> None:
    required: dict[str, list[tuple[TableName, str]]] = {
        "flat_lines": [("orders", "ordered_at")],
        "orders_and_lines": [("orders", "order_id"), ("orders", "ordered_at")]
        if table == "orders"
        else [("lines", "order_id")],
        "payments_only": [("payments", "paid_amount"), ("payments", "paid_at")],
    }
    required_fields = required.get(layout, [])
    missing = [(owner, name) for owner, name in required_fields if name not in guesses[owner]]
    lines = guesses.get("lines")
    if lines is not None and "unit_price" not in lines and "line_total" not in lines:
        missing.append(("lines", "unit_price"))
    if layout in _ORDER_FIELDS:
        owner, order_id, moment = _ORDER_FIELDS[layout]
        is_made = moment in guesses[owner] and not guesses["orders"].keys().isdisjoint(
            CUSTOMER_KEYS
        )
        if order_id not in guesses[owner] and not is_made:
            missing.append((owner, order_id))
    orders = guesses.get("orders")
    if orders is not None and orders.keys().isdisjoint(CUSTOMER_KEYS):
        missing.append(("orders", "customer_id"))
    for owner, name in missing:
        reason = f"no column looks like it; put its name in place of {PLACEHOLDER}"
        guesses[owner][name] = ColumnGuess(PLACEHOLDER, 0.0, reason)


# Of each layout whose rows have all of an order: the fields of its id and of its moment.
_ORDER_FIELDS: dict[str, tuple[TableName, str, str]] = {
    "flat_lines": ("orders", "order_id", "ordered_at"),
    "payments_only": ("payments", "payment_id", "paid_at"),
}


def guess_made_values(
    layout: str, guesses: dict[TableName, dict[str, ColumnGuess]]
) -> Iterator[tuple[TableName, str, str, str]]:
    """The settings of what has no column: ids of orders, and pieces of lines.

    Args:
        layout: of the mapping.
        guesses: the columns of its tables.

    Yields:
        Table, key and value of a setting, and what to say of it.
    """
    table, order_id, _ = _ORDER_FIELDS.get(layout, ("orders", "order_id", ""))
    if order_id not in guesses.get(table, {}):
        yield (
            "orders", "ids", "by_customer_and_moment",
            f"{table}.columns.{order_id}: no column looks like it; what one customer bought at one "
            "moment, or on one day where dates have no time, is taken for one order.",
        )  # fmt: skip
    if "lines" in guesses and "quantity" not in guesses["lines"]:
        yield (
            "lines", "quantities", "one_per_line",
            "lines.columns.quantity: no column looks like it; each line is taken for one piece.",
        )  # fmt: skip


def _best(looked: Looked, table: TableName, name: str, taken: set[str]) -> ColumnGuess | None:
    """The column of a file that fits a field best."""
    words = _names()[table].get(name, [])
    best: ColumnGuess | None = None
    for column in looked.columns:
        if column.name in taken or not column.name:
            continue
        confidence, reason = _by_name(column, words)
        if not confidence:
            confidence, reason = _by_values(looked, column, name)
        if not confidence or not _may_hold(column, FIELDS[table][name]):
            continue
        if best is None or confidence > best.confidence:
            best = ColumnGuess(column.name, round(confidence, 2), reason)
    return best


def _by_name(column: Column, words: Sequence[str]) -> tuple[float, str]:
    plain = plain_name(column.name)
    if plain in words:
        # Later words of the list are vaguer: `id`, `date`, `total`.
        return SAME_NAME - 0.01 * words.index(plain), "it is called so"
    for word in words:
        if len(word) >= 4 and (plain.endswith(word) or plain.startswith(word)):
            return LIKE_NAME - 0.01 * words.index(word), f"its name has the word {word}"
    return 0.0, ""


def _by_values(looked: Looked, column: Column, name: str) -> tuple[float, str]:
    filled = column.filled_count
    if name == "email" and filled and column.email_count > 0.8 * filled:
        return BY_VALUES + 0.2, f"{column.email_count:,} of {filled:,} values are e-mails"
    if name in {"ordered_at", "paid_at"} and column.date_format is not None:
        dated_columns = [column for column in looked.columns if column.date_format is not None]
        if len(dated_columns) == 1:
            return BY_VALUES, "it is the only column of dates"
    return 0.0, ""


def _may_hold(column: Column, kind: Any) -> bool:
    """Whether what a column holds may be of a kind; an empty column may be anything."""
    if column.filled_count == 0:
        return True
    if kind in NUMBERS:
        return column.is_number
    if kind == "timestamp":
        return column.date_format is not None
    if kind == "email":
        return column.email_count > 0.5 * column.filled_count
    return True


def split_statuses(values: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Statuses that make an order valid, those that do not, and those whose word is not known.

    Example:
        >>> split_statuses(["Paid", "On hold", "zzz"])
        (['Paid'], ['On hold'], ['zzz'])
    """
    words = _names()["statuses"]
    valid = [status for status in values if plain_name(status) in words["valid"]]
    not_valid = [status for status in values if plain_name(status) in words["not_valid"]]
    return valid, not_valid, [status for status in values if status not in {*valid, *not_valid}]
