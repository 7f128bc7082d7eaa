"""Words that SQL has a use for, and names that go around them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from orchestration.sql_text import identifier


@cache
def all_keywords() -> frozenset[str]:
    """Every word that SQL has a use for, reserved or not, and every name of a type."""
    return _read(
        "select keyword_name from duckdb_keywords() "
        "union all select lower(type_name) from duckdb_types()"
    )


@cache
def reserved_words() -> frozenset[str]:
    """The words that SQL takes for something else where a name is expected."""
    return _read(
        "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
    )


def _read(query: str) -> frozenset[str]:
    import duckdb

    with duckdb.connect() as connection:
        return frozenset(str(name) for (name,) in connection.execute(query).fetchall())


def column_sql(name: str) -> str:
    """A column of a file as SQL names it: in small letters, in quotes only if it must be.

    Example:
        >>> column_sql("OrderID"), column_sql("Order ID"), column_sql("order")
        ('orderid', '"Order ID"', '"order"')
    """
    return name.lower() if is_word(name) else identifier(name)


def is_word(name: str) -> bool:
    """Whether SQL takes a name without quotes, if need be without regard to case.

    Example:
        >>> is_word("OrderID"), is_word("Order ID"), is_word("order")
        (True, False, False)
    """
    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    return is_plain and name.lower() not in reserved_words()


def snake(name: str) -> str:
    """A name in lower snake case, without accents; empty if no letter or digit is left.

    Example:
        >>> snake("Order Date (UTC)"), snake("orderId"), snake("2nd"), snake("Straße")
        ('order_date_utc', 'order_id', 'column_2nd', 'strasse')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold()
    marked = unicodedata.normalize("NFKD", parted)
    letters = "".join(sign for sign in marked if not unicodedata.combining(sign))
    plain = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    return f"column_{plain}" if plain[:1].isdigit() else plain
