"""The models of a source: staging renames and casts, conformed brings the canonical shape."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.errors import RegularsError
from orchestration.scaffolding.project import render
from orchestration.scaffolding.source_tables import SourceColumn, SourceGuess, SourceTable

CONFORMED = Path("dbt_project/macros/conformed.sql")
PLACES = ("postal_code", "city", "state", "country")
WIDTH = 80
MONEY_COLUMNS = ("discount_amount", "freight_amount", "tax_amount")


def conformed_columns(text: str, entity: str) -> list[str]:
    """The columns of an entity, as the macro ``conformed_columns`` lists them.

    Args:
        text: of the macro's file.
        entity: such as orders.

    Raises:
        RegularsError: the macro does not list it.

    Example:
        >>> conformed_columns("'raw_money': {'paid_amount': amount, 'order_amount': amount},",
        ...                   "raw_money")
        ['paid_amount', 'order_amount']
    """
    match = re.search(rf"'{entity}': \{{(.*?)\}}", text, re.DOTALL)
    if match is None:
        raise RegularsError(
            f"{CONFORMED} must list the columns of {entity} in the macro conformed_columns, but it "
            "does not; restore it, as with git checkout"
        )
    return re.findall(r"'(\w+)':", match[1])


def staging_sql(source: str, table: SourceTable) -> str:
    """The staging model of a table."""
    return render("staging.sql.j2", source=source, table=table)


def conformed_models(source: str, guess: SourceGuess, macro: str) -> dict[str, str]:
    """The conformed models of a source: the name of what each brings, to its SQL.

    Args:
        source: its name.
        guess: its tables.
        macro: text of the file of the macro ``conformed_columns``.
    """
    models = {"conform_orders": _orders(source, guess, macro)}
    lines, payments = guess.table("lines"), guess.table("payments")
    products, people = guess.table("products"), guess.table("customers")
    if lines is not None:
        models["conform_order_items"] = _order_items(source, lines, macro)
    if payments is not None:
        models["conform_payments"] = _payments(source, payments, macro)
    if products is not None and products.has("product_id"):
        models["conform_products"] = _products(source, products, macro)
    if people is not None and _who(people) and (people.has("email") or people.has("phone")):
        models["conform_customer_contacts"] = _contacts(source, people, macro)
    models["conform_capabilities"] = render("conform_capabilities.sql.j2", source=source)
    money = _raw_money(source, guess)
    if money is not None:
        models["measure_raw_money"] = money
    return models


def find_capabilities(guess: SourceGuess) -> list[str]:
    """What features may need of the source, by name."""
    lines, payments = guess.table("lines"), guess.table("payments")
    products, people = guess.table("products"), guess.table("customers")
    orders = guess.orders
    who = next(
        (column for column in orders.columns if column.field in {"customer_id", "email"}), None
    )
    has_capability = {
        "items": lines is not None,
        "products": lines is not None and lines.has("product_id"),
        "categories": products is not None and products.has("category_name"),
        "payments": payments is not None,
        "installments": payments is not None and payments.has("installment_count"),
        "freight": orders.has("shipping_amount"),
        "places": any(
            table is not None and table.has(place) for table in (orders, people) for place in PLACES
        ),
        "guests": who is not None and not who.is_filled,
    }
    return sorted(name for name, has_it in has_capability.items() if has_it)


def _staged(table: SourceTable) -> dict[str, SourceColumn]:
    """The columns of a table that fill something, by what staging calls them."""
    return {column.staged_name: column for column in table.columns if column.field is not None}


def _who(table: SourceTable, prefix: str = "") -> str | None:
    """SQL of the person: a key, or a digest of the e-mail address, which goes no further."""
    if table.has("customer_id"):
        return f"{prefix}customer_id"
    return f"{{{{ dbt.hash('lower(trim({prefix}email))') }}}}" if table.has("email") else None


def _model(source: str, table: SourceTable) -> str:
    return f"stg_{source}__{table.name}"


def _orders(source: str, guess: SourceGuess, macro: str) -> str:
    orders, people = guess.orders, guess.table("customers")
    key = _shared_key(orders, people)
    places = [place for place in PLACES if people and key and place in _staged(people)]
    places = [place for place in places if place not in _staged(orders)]
    imports = {orders.name: _model(source, orders)}
    prefix, join = "", None
    if people is not None and places:
        prefix, join = f"{orders.name}.", {"table": people.name, "key": key}
        imports[people.name] = _model(source, people)
    given = {name: f"{prefix}{name}" for name in _staged(orders)}
    given.update({place: f"{people.name}.{place}" for place in places} if people else {})
    if who := _who(orders, prefix):
        given["customer_id"] = who
    if not orders.has("status"):
        given["is_valid_order"] = "true"
    if orders.holds_orders:
        alone = {"order_id", "is_valid_order"}
        given = {name: sql if name in alone else f"min({sql})" for name, sql in given.items()}
    return render(
        "conform.sql.j2",
        model=f"int_{source}__conform_orders",
        comment="One row per order.",
        imports=imports,
        columns=select_columns(conformed_columns(macro, "orders"), "orders", given),
        join=join,
        group_by="order_id" if orders.holds_orders else None,
    )


def _shared_key(orders: SourceTable, people: SourceTable | None) -> str | None:
    """By what orders find their person, one row each."""
    if people is None:
        return None
    unique = {column.field for column in people.columns if column.is_unique}
    return next(
        (key for key in ("customer_id", "email") if key in unique and orders.has(key)), None
    )


def item_amount(lines: SourceTable, prefix: str = "", indent: int = 8) -> str | None:
    """SQL of what a line comes to; none where nothing says it.

    Args:
        lines: the table of the lines.
        prefix: what stands before each column, such as ``lines.``.
        indent: of the line on which it begins.
    """
    staged = _staged(lines)
    if "line_amount" in staged:
        sql = f"{prefix}line_amount"
    elif "unit_price" in staged and "quantity" in staged:
        sql = f"{prefix}quantity * {prefix}unit_price"
    elif "unit_price" in staged:
        sql = f"{prefix}unit_price"
    else:
        return None
    if "line_discount_amount" in staged:
        sql = f"{sql} - coalesce({prefix}line_discount_amount, 0)"
    if len(sql) < WIDTH - 40:
        return f"{{{{ money('{sql}') }}}}"
    # Texts of Jinja that stand beside each other are one.
    pieces = textwrap.wrap(sql, WIDTH - 26, break_long_words=False, break_on_hyphens=False)
    texts = [f"{piece} " for piece in pieces[:-1]] + pieces[-1:]
    listed = "\n".join(f"{' ' * (indent + 4)}'{text}'" for text in texts)
    return f"{{{{ money(\n{listed}\n{' ' * indent}) }}}}"


def _order_items(source: str, lines: SourceTable, macro: str) -> str:
    given = {name: name for name in _staged(lines)}
    for name in MONEY_COLUMNS:
        given.pop(name, None)
    amount = item_amount(lines)
    if amount is not None:
        given["item_amount"] = amount
    given.setdefault("quantity", "1")
    given.setdefault("order_item_number", _number_in_order(lines))
    return _simple(source, lines, macro, "order_items", given, "One row per line of an order.")


def _number_in_order(table: SourceTable) -> str:
    """SQL that numbers the rows of an order, in an order of all their values."""
    names = [column.staged_name for column in table.columns if column.field != "order_id"]
    listed = textwrap.fill(", ".join(names), WIDTH - 16)
    ordered = textwrap.indent(listed, " " * 16)
    return (
        "row_number() over (\n            partition by order_id\n            order by\n"
        f"{ordered}\n        )"
    )


def _payments(source: str, payments: SourceTable, macro: str) -> str:
    given = {name: name for name in _staged(payments)}
    given["payment_number"] = _number_in_order(payments)
    return _simple(source, payments, macro, "payments", given, "One row per payment of an order.")


def _products(source: str, products: SourceTable, macro: str) -> str:
    given = {name: name for name in _staged(products)}
    given["is_merchandise"] = "true"
    return _simple(source, products, macro, "products", given, "One row per product.")


def _contacts(source: str, people: SourceTable, macro: str) -> str:
    given = {name: name for name in _staged(people)}
    given["customer_id"] = _who(people) or "customer_id"
    return _simple(source, people, macro, "customer_contacts", given, "One row per person.")


def _simple(
    source: str,
    table: SourceTable,
    macro: str,
    entity: str,
    given: Mapping[str, str],
    comment: str,
) -> str:
    return render(
        "conform.sql.j2",
        model=f"int_{source}__conform_{entity}",
        comment=comment,
        imports={table.name: _model(source, table)},
        columns=select_columns(conformed_columns(macro, entity), entity, given),
        join=None,
        group_by=None,
    )


def select_columns(columns: Sequence[str], entity: str, given: Mapping[str, str]) -> str:
    """What stands between `select` and `from`: what is given, and typed nothing for the rest.

    Args:
        columns: of the entity, in order.
        entity: such as orders.
        given: column to SQL.

    Example:
        >>> print(select_columns(["a", "b", "c"], "orders", {"a": "a", "c": "x + 1"}))
                a,
                {{ not_supplied('orders', ['b']) }},
                x + 1 as c
    """
    parts: list[str] = []
    missing: list[str] = []
    for column in columns:
        if column not in given:
            missing.append(column)
            continue
        parts += [_not_supplied(entity, missing)] if missing else []
        missing = []
        sql = given[column]
        bare = sql.rpartition(".")[2] == column
        parts.append(sql if bare else f"{sql} as {column}")
    parts += [_not_supplied(entity, missing)] if missing else []
    return ",\n".join(f"        {part}" for part in parts)


def _not_supplied(entity: str, columns: Sequence[str]) -> str:
    names = ", ".join(f"'{name}'" for name in columns)
    short = f"{{{{ not_supplied('{entity}', [{names}]) }}}}"
    if len(short) <= WIDTH - 10:
        return short
    listed = textwrap.indent(textwrap.fill(f"{names},", WIDTH - 14), " " * 12)
    return f"{{{{ not_supplied('{entity}', [\n{listed}\n        ]) }}}}"


def _raw_money(source: str, guess: SourceGuess) -> str | None:
    payments, lines, orders = guess.table("payments"), guess.table("lines"), guess.orders
    if payments is not None:
        imports = {payments.name: _model(source, payments)}
        return render("measure_raw_money.sql.j2", source=source, imports=imports, paid=True)
    if lines is None:
        return None
    is_joined = lines is not orders
    return render(
        "measure_raw_money.sql.j2",
        source=source,
        imports={table.name: _model(source, table) for table in (lines, orders)},
        paid=False,
        item_amount=item_amount(lines, f"{lines.name}." if is_joined else "", indent=16) or "0",
        lines=lines.name,
        orders=orders.name,
        is_joined=is_joined,
        has_discount=orders.has("discount_amount"),
    )
