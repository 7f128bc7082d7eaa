"""What a source's files hold: tables and columns, each with its type, its role and its new name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestration.loading.expectations import read_project_variables
from orchestration.loading.mapping.fields import TableName
from orchestration.scaffolding.words import is_word

# What staging calls a field of the mapping, where that is another name.
STAGED_NAMES = {
    "status": "order_status",
    "shipping_amount": "freight_amount",
    "line_total": "line_amount",
}
# What a field is to the loader, in each of the tables that may have it.
ROLES: dict[TableName, dict[str, str]] = {
    "orders": {"order_id": "order_key", "ordered_at": "ordered_at", "customer_id": "person_key",
               "email": "person_key", "status": "order_status", "postal_code": "postal_code",
               "state": "state"},
    "lines": {"order_id": "order_key", "product_id": "product_key", "category_name": "category",
              "line_total": "item_price"},
    "payments": {"order_id": "order_key", "payment_type": "payment_type",
                 "paid_amount": "paid_amount"},
    "customers": {"customer_id": "order_customer_key", "postal_code": "postal_code",
                  "state": "state"},
    "products": {"product_id": "product_key", "category_name": "category"},
}  # fmt: skip
# A row whose key is empty is kept out by the load; orders of guests and lines without a product are
# to stay, so that such a column has no role.
KEY_ROLES = frozenset({"person_key", "product_key"})
ROWS = {
    "orders": "order",
    "lines": "order item",
    "payments": "payment",
    "customers": "person",
    "products": "product",
}
DOCS = {
    "order_id": "order_id", "customer_id": "customer_id", "ordered_at": "ordered_at",
    "order_status": "final_order_status", "postal_code": "postal_code", "city": "city",
    "state": "state", "country": "country", "freight_amount": "freight_amount",
    "product_id": "product_id", "category_name": "category_name", "quantity": "quantity",
    "payment_type": "payment_type", "paid_amount": "paid_amount",
    "installment_count": "installment_count", "order_item_number": "order_item_number",
}  # fmt: skip


@dataclass(frozen=True)
class SourceColumn:
    """A column of a file, and what staging makes of it.

    Attributes:
        name: in the file.
        data_type: as the loader reads it.
        staged_name: what staging calls it.
        staged_type: its type there.
        staged_sql: SQL of it there, of the file's column.
        field: of the mapping's fields that it fills, if any.
        role: what it is to the loader, if anything.
        is_key: whether rows are told apart or joined by it.
        is_filled: whether it has a value in each row.
        is_unique: whether no value stands there twice.
        parent: table and column that have each of its values.
    """

    name: str
    data_type: str
    staged_name: str
    staged_type: str
    staged_sql: str
    field: str | None = None
    role: str | None = None
    is_key: bool = False
    is_filled: bool = False
    is_unique: bool = False
    parent: tuple[str, str] | None = None

    @property
    def tests(self) -> list[str]:
        """What the load and dbt hold it to: keys and the date of an order are always there.

        What tells the rows of its own table apart is unique, a key of another table's is not.
        """
        if not self.is_filled or not (self.is_key or self.field == "ordered_at"):
            return []
        is_own = self.is_key and self.parent is None and self.is_unique
        return ["unique", "not_null"] if is_own else ["not_null"]

    @property
    def has_parent_test(self) -> bool:
        """Whether its values are looked for in its parent's, as the loader can for texts only."""
        is_text = self.data_type == "varchar"
        return self.parent is not None and is_text and is_word(self.parent[1])

    @property
    def is_quoted(self) -> bool:
        """Whether SQL takes its name in quotes only."""
        return not is_word(self.name)

    @property
    def staging_sql(self) -> str:
        """What staging selects."""
        sql, name = self.staged_sql, self.staged_name
        if sql == name == self.name:
            return sql
        # A view would take over the file's capital letters.
        return f"cast({sql} as {self.staged_type}) as {name}" if sql == name else f"{sql} as {name}"

    @property
    def description(self) -> str:
        """What the file's column is; no value of it, which may be somebody's."""
        if self.field is None:
            return "As in the file; nothing reads it past staging."
        return f"{self.field.replace('_', ' ').capitalize()}."

    @property
    def staged_description(self) -> str:
        """What staging's column is: the project's text of it, where there is one."""
        if self.field is not None and self.staged_name in DOCS:
            return f"{{{{ doc('{DOCS[self.staged_name]}') }}}}"
        return self.description


@dataclass(frozen=True)
class SourceTable:
    """A file of a source.

    Attributes:
        name: of the table in schema ``raw``.
        file_stem: the file's name without its suffix.
        kind: orders, lines, payments, customers or products; none of them if None.
        columns: in the order of the file.
        holds_orders: whether it is a file of lines that has the orders' columns, too.
    """

    name: str
    file_stem: str
    kind: TableName | None
    columns: Sequence[SourceColumn]
    holds_orders: bool = False

    @property
    def row(self) -> str:
        """What one row of it is."""
        return ROWS.get(self.kind or "", "row of the file")

    def has(self, *fields: str) -> bool:
        """Whether columns fill all of these fields."""
        return set(fields) <= {column.field for column in self.columns}


@dataclass
class SourceGuess:
    """What is written of a source.

    Attributes:
        tables: one for each file.
        settings: dates and windows, as in ``source_defaults``.
        notes: what a person has to look at, a sentence each.
    """

    tables: list[SourceTable]
    settings: dict[str, object]
    notes: list[str] = field(default_factory=list)

    def table(self, kind: TableName) -> SourceTable | None:
        """The table of a kind, if there is one."""
        return next((table for table in self.tables if table.kind == kind), None)

    @property
    def orders(self) -> SourceTable:
        """The table that has the orders: a file of its own, or that of flat lines."""
        return next(table for table in self.tables if table.kind == "orders" or table.holds_orders)


def stand_in_settings() -> dict[str, object]:
    """Settings until somebody says better: those that the project has before a load."""
    names = ("as_of_date", "window_start_date", "churn_label_window_days")
    before = read_project_variables()["settings_before_the_load"]
    return {name: before[name] for name in names}


def _column(
    name: str,
    kind: TableName,
    data_type: str,
    field: str,
    *,
    is_filled: bool = False,
    is_unique: bool = False,
    parent: tuple[str, str] | None = None,
) -> SourceColumn:
    staged, role = STAGED_NAMES.get(field, field), ROLES[kind].get(field)
    return SourceColumn(
        name, data_type, staged, data_type, name, field, role, str(role).endswith("_key"),
        is_filled, is_unique, parent,
    )  # fmt: skip


def example_source() -> SourceGuess:
    """The least that a shop has: orders, their lines, and people; a person replaces the columns."""
    orders = [
        _column("order_id", "orders", "varchar", "order_id", is_filled=True, is_unique=True),
        _column("customer_id", "orders", "varchar", "customer_id", is_filled=True,
                parent=("customers", "customer_id")),
        _column("ordered_at", "orders", "timestamp", "ordered_at", is_filled=True),
        _column("order_status", "orders", "varchar", "status"),
    ]  # fmt: skip
    lines = [
        _column("order_id", "lines", "varchar", "order_id", is_filled=True,
                parent=("orders", "order_id")),
        _column("product_id", "lines", "varchar", "product_id", is_filled=True),
        _column("quantity", "lines", "integer", "quantity", is_filled=True),
        _column("unit_price", "lines", "decimal(18, 2)", "unit_price", is_filled=True),
    ]  # fmt: skip
    people = [
        _column("customer_id", "customers", "varchar", "customer_id", is_filled=True,
                is_unique=True),
        _column("postal_code", "customers", "varchar", "postal_code"),
        _column("city", "customers", "varchar", "city"),
        _column("country", "customers", "varchar", "country"),
    ]  # fmt: skip
    return SourceGuess(
        [
            SourceTable("orders", "orders", "orders", orders),
            SourceTable("order_items", "order_items", "lines", lines),
            SourceTable("customers", "customers", "customers", people),
        ],
        stand_in_settings(),
        ["the tables and columns are an example: put those of your files in their place in the "
         "sources YAML and in the staging models",
         "as_of_date and window_start_date in dbt_project.yml are stand-ins: put there the day "
         "after your last order and the day of your first one"],
    )  # fmt: skip
