"""What the keys of a mapping must agree on among each other, beyond what each may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from orchestration.loading.mapping.fields import OPTIONAL_TABLES, PLACEHOLDER, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.sentences import did_you_mean
from orchestration.loading.mapping.yaml_text import Path

Fault = tuple[Path, str]
# The tables that must have a file, by layout.
LAYOUT_TABLES: dict[str, tuple[TableName, ...]] = {
    "flat_lines": ("lines",),
    "orders_and_lines": ("orders", "lines"),
    "payments_only": ("payments",),
}
# Where a shop has but one column for both.
MAY_SHARE: tuple[set[str | int], ...] = (
    {"order_id", "order_number"}, {"product_id", "product_name"},
)  # fmt: skip
# What to write where no file has a column of it.
WITHOUT_COLUMN = {
    "order_id": ", or, if there is none, `ids: by_customer_and_moment` below orders",
    "payment_id": ", or, if there is none, `ids: by_customer_and_moment` below orders",
    "quantity": ", or, if each line is one piece, `quantities: one_per_line` below lines",
}
ORDER_TABLES: tuple[TableName, ...] = ("orders", "lines")


def find_contradictions(mapping: ShopMapping) -> Iterator[Fault]:
    """The path and a sentence of each contradiction, the gravest first.

    Args:
        mapping: one whose keys hold what they may.
    """
    yield from _layout(mapping)
    yield from _tables(mapping)
    yield from _marks(mapping)
    yield from _files(mapping)
    yield from _fields(mapping)
    yield from _needed_columns(mapping)
    yield from _rules(mapping)
    yield from _people(mapping)
    yield from _kinds(mapping)


def _layout(mapping: ShopMapping) -> Iterator[Fault]:
    layout_tables: tuple[TableName, ...] = LAYOUT_TABLES[mapping.layout]
    for table in layout_tables:
        if mapping.file_of(table) is None:
            yield (
                ("files",),
                f"the layout {mapping.layout} wants the file of {table}, which is missing; add "
                f"`{table}:` with its path below it.",
            )
        if getattr(mapping, table) is None:
            yield (
                (),
                f"the layout {mapping.layout} wants `{table}:` with its columns; add it.",
            )
    for table in ORDER_TABLES:
        if table not in layout_tables and mapping.file_of(table) is not None:
            yield (
                ("files", table),
                f"the layout {mapping.layout} has no file of {table}; remove it, or choose another "
                "layout: flat_lines, orders_and_lines or payments_only.",
            )
    if mapping.layout == "payments_only" and mapping.lines is not None:
        yield ("lines",), "the layout payments_only has no lines; remove it."
    if mapping.orders.stand_on == "first_line" and mapping.layout != "flat_lines":
        yield (
            ("orders", "stand_on"),
            f"first_line is for the layout flat_lines, not {mapping.layout}; remove it.",
        )
    yield from _made_values(mapping)


def _made_values(mapping: ShopMapping) -> Iterator[Fault]:
    """Ids of orders and quantities that no column gives."""
    if not mapping.has_order_ids:
        if mapping.layout == "orders_and_lines" or mapping.orders.stand_on == "first_line":
            yield (
                ("orders", "ids"),
                "by_customer_and_moment needs the customer and the moment on every row of one "
                "file; set it to given, and name the column of the id.",
            )
        if "order_id" in mapping.columns_of("orders"):
            yield (
                ("orders", "ids"),
                "orders.columns.order_id names each order; remove it, or set ids to given.",
            )
    if not mapping.has_quantities and "quantity" in mapping.columns_of("lines"):
        yield (
            ("lines", "quantities"),
            "lines.columns.quantity has the pieces; remove it, or set quantities to given.",
        )


def _tables(mapping: ShopMapping) -> Iterator[Fault]:
    for table in OPTIONAL_TABLES:
        has_file = mapping.file_of(table) is not None
        has_columns = bool(mapping.columns_of(table))
        if has_file and not has_columns:
            yield (
                ("files", table),
                f"no columns of {table} are given; add `{table}:` with `columns:` below it, or "
                "remove the file.",
            )
        if has_columns and not has_file:
            yield (
                (table, "columns"),
                f"no file of {table} is given; add `{table}:` with its path below `files:`, or "
                "remove the columns.",
            )


def _marks(mapping: ShopMapping) -> Iterator[Fault]:
    if mapping.decimal_mark == mapping.thousands_mark:
        yield (
            ("thousands_mark",),
            f"it holds {mapping.thousands_mark!r}, which is the decimal_mark, too; expected "
            "another mark, or none.",
        )


def _files(mapping: ShopMapping) -> Iterator[Fault]:
    for table in mapping.tables():
        spec = mapping.file_of(table)
        if spec is None:
            continue
        path = PurePosixPath(spec.path)
        if path.is_absolute() or ".." in path.parts or "\\" in spec.path:
            yield (
                ("files", table, "path"),
                f"it holds {spec.path!r}, expected a name or a pattern within the data folder, "
                "like orders-*.csv.",
            )
        if spec.sheets is not None and not spec.path.lower().endswith((".xlsx", ".xlsm", ".xls")):
            yield (
                ("files", table, "sheets"),
                f"only a workbook has sheets, and the path is {spec.path!r}; remove it.",
            )
        if spec.delimiter == spec.quote:
            yield (
                ("files", table, "quote"),
                f"it holds {spec.quote!r}, which is the delimiter, too; expected another sign.",
            )
        if len(field_names := _known_fields(mapping, table)) > 0:
            for number, name in enumerate(spec.key or ()):
                if name not in field_names:
                    hint = did_you_mean(name, field_names)
                    yield (
                        ("files", table, "key", number),
                        f"{name!r} is no field that has columns here{hint or ';'} expected one of "
                        f"{', '.join(field_names)}.",
                    )


def _known_fields(mapping: ShopMapping, table: TableName) -> list[str]:
    """The fields that the rows of a file have."""
    own = mapping.columns_of(table)
    if table == mapping.main_table and table != "orders":
        own = {**mapping.columns_of("orders"), **own}
    return list(own)


def _fields(mapping: ShopMapping) -> Iterator[Fault]:
    tables: list[TableName] = list(dict.fromkeys(["orders", *mapping.tables()]))
    for table in tables:
        columns = mapping.columns_of(table)
        for name in mapping.required_fields(table):
            if name not in columns:
                yield (
                    (table, "columns"),
                    f"the field {name} is missing; add `{name}:` with the column that has it"
                    f"{WITHOUT_COLUMN.get(name, '')}.",
                )
    if mapping.layout == "payments_only" and "ordered_at" in mapping.columns_of("orders"):
        yield (
            ("orders", "columns", "ordered_at"),
            "the layout payments_only takes the order's moment from payments.columns.paid_at; "
            "remove it.",
        )
    if mapping.layout == "flat_lines":
        yield from _shared_columns(mapping, ["orders", "lines"])
    for table in tables:
        yield from _shared_columns(mapping, [table])


def _shared_columns(mapping: ShopMapping, tables: Sequence[TableName]) -> Iterator[Fault]:
    """Columns that fill two fields of a file, or one field twice."""
    owner: dict[str, Path] = {}
    for table in tables:
        for name, candidates in mapping.columns_of(table).items():
            path: Path = (table, "columns", name)
            first = owner.setdefault(candidates[0], path)
            both = {first[-1], name}
            if first != path and both not in MAY_SHARE and candidates[0] != PLACEHOLDER:
                yield (
                    path,
                    f"it holds the column {candidates[0]!r}, which {'.'.join(map(str, first))} "
                    "has already; expected another column.",
                )
            if len(set(candidates)) < len(candidates):
                yield path, f"it holds {', '.join(candidates)}; expected each column once."


def _needed_columns(mapping: ShopMapping) -> Iterator[Fault]:
    """Lists of values of a column that nobody named."""
    if mapping.orders.statuses is not None and "status" not in mapping.columns_of("orders"):
        yield (
            ("orders", "statuses"),
            "no column has the status; add `status:` to orders.columns, or remove the statuses.",
        )
    for key, field in (
        ("counted_statuses", "payment_status"),
        ("counted_kinds", "transaction_kind"),
        ("refund_kinds", "transaction_kind"),
    ):
        is_given = mapping.payments is not None and getattr(mapping.payments, key)
        if is_given and field not in mapping.columns_of("payments"):
            yield (
                ("payments", key),
                f"no column has it; add `{field}:` to payments.columns, or remove {key}.",
            )


def _rules(mapping: ShopMapping) -> Iterator[Fault]:
    mapped_columns = [*mapping.columns_of("orders"), *mapping.columns_of("lines")]
    mapped_columns += [name for name in ("total_amount",) if mapping.layout == "payments_only"]
    for number, rule in enumerate(mapping.rules):
        for place, condition in enumerate(rule.when):
            if condition.field is not None and condition.field not in mapped_columns:
                yield (
                    ("rules", number, "when", place, "field"),
                    f"it holds {condition.field!r}, which has no column here; map it in "
                    "orders.columns or lines.columns, or name one of "
                    f"{', '.join(dict.fromkeys(mapped_columns))}.",
                )


def _people(mapping: ShopMapping) -> Iterator[Fault]:
    columns = mapping.columns_of("orders")
    if not any(key in columns for key in mapping.customers.keys):
        yield (
            ("orders", "columns"),
            "no column says who the customer is; add "
            f"{' or '.join(f'`{key}:`' for key in mapping.customers.keys)}.",
        )


def _kinds(mapping: ShopMapping) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for number, kind in enumerate(mapping.products.kinds):
        for code in kind.codes:
            first = owner.setdefault(code.strip().upper(), kind.kind)
            if first != kind.kind:
                yield (
                    ("products", "kinds", number, "codes"),
                    f"the code {code!r} is of the kind {first} already; expected each code once.",
                )
