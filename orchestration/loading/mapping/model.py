"""The model of ``shop.yml``, version 1: all that is known of a shop's files."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, model_validator

from orchestration.loading.mapping.fields import FIELDS, REQUIRED_FIELDS, TableName
from orchestration.loading.mapping.parts import (
    Cleaning,
    DateFormat,
    Files,
    FileSpec,
    Money,
    Part,
    ProductKind,
    Protocol,
    Rule,
    SomeTexts,
    Texts,
    _as_tuple,
)

VERSION = 1
Layout = Literal["flat_lines", "orders_and_lines", "payments_only"]


class Columns(Part):
    """Which columns of the file fill which field; of several the first that holds something."""

    def given(self) -> dict[str, tuple[str, ...]]:
        """Field to its candidate columns, in order; only fields that have any."""
        return {
            name: value
            for name in type(self).model_fields
            if (value := getattr(self, name)) is not None
        }


def _columns_of(table: TableName) -> Any:
    """A model with one optional key per field of a table."""
    fields: dict[str, Any] = dict.fromkeys(FIELDS[table], (SomeTexts | None, None))
    return create_model(f"{table.capitalize()}Columns", __base__=Columns, **fields)


if TYPE_CHECKING:  # mypy cannot see the keys of a model that is made from a list
    OrderColumns = Columns
    LineColumns = Columns
    PaymentColumns = Columns
    CustomerColumns = Columns
    ProductColumns = Columns
    ReviewColumns = Columns
    ShipmentColumns = Columns
    ReturnColumns = Columns
else:
    OrderColumns = _columns_of("orders")
    LineColumns = _columns_of("lines")
    PaymentColumns = _columns_of("payments")
    CustomerColumns = _columns_of("customers")
    ProductColumns = _columns_of("products")
    ReviewColumns = _columns_of("reviews")
    ShipmentColumns = _columns_of("shipments")
    ReturnColumns = _columns_of("returns")


class Statuses(Part):
    """Which statuses make a valid order; one that stands in neither list is not valid, and said."""

    valid: SomeTexts
    not_valid: Texts = ()

    @model_validator(mode="after")
    def _check(self) -> Statuses:
        both = {text.lower() for text in self.valid} & {text.lower() for text in self.not_valid}
        if both:
            raise ValueError(f"each status in one list, but {min(both)!r} stands in both")
        return self


class Orders(Part):
    """The columns of orders.

    Attributes:
        columns: field to columns.
        stand_on: of flat lines, whether the order's columns stand on the first line of each order
            only, to be filled down before anything else, or on every line.
        ids: given by a column, or, where no file has one, an order is what one customer bought at
            one moment (on one day, where dates have no time).
        statuses: which are valid; all if not given.
    """

    columns: OrderColumns = Field(default_factory=OrderColumns)
    ids: Literal["given", "by_customer_and_moment"] = "given"
    stand_on: Literal["first_line", "every_line"] = "every_line"
    statuses: Statuses | None = None


class Lines(Part):
    """The columns of order lines.

    Attributes:
        columns: field to columns.
        quantities: given by a column, or each line is one piece.
        duplicates: lines of one order and product are summed, kept, or dropped where they are alike
            in every column that is read.
    """

    columns: LineColumns
    quantities: Literal["given", "one_per_line"] = "given"
    duplicates: Literal["summed", "kept", "dropped"] = "summed"


class Payments(Part):
    """The columns of payments, and which of them count.

    Attributes:
        columns: field to columns.
        counted_statuses: statuses of payments that were made; all if not given.
        counted_kinds: kinds of transactions that move money to the shop, so that an order's
            authorization and capture count once; all if not given.
        refund_kinds: kinds that move it back.
    """

    columns: PaymentColumns
    counted_statuses: SomeTexts | None = None
    counted_kinds: SomeTexts | None = None
    refund_kinds: Texts = ()


class Customers(Part):
    """Who a person is.

    Attributes:
        keys: by which a person is known, the best first.
        guests: orders without any key are kept, or left out.
        not_a_person: keys that stand for nobody in particular, such as ``0`` or the shop's address.
        columns: of the customers' own file.
    """

    keys: Annotated[
        tuple[Literal["customer_id", "email", "phone"], ...],
        BeforeValidator(_as_tuple), Field(min_length=1),
    ] = ("customer_id", "email", "phone")  # fmt: skip
    guests: Literal["kept", "left_out"] = "kept"
    not_a_person: Texts = ()
    columns: CustomerColumns | None = None


class Products(Part):
    """What a product is.

    Attributes:
        id_cleaning: what is done to product ids before they are compared.
        name_cleaning: what is done to product names.
        name_choice: which of several names a product has.
        kinds: products that are no merchandise.
        kinds_file: a CSV file beside the mapping with the columns product_id and product_kind.
        columns: of the products' own file.
    """

    id_cleaning: Annotated[tuple[Cleaning, ...], BeforeValidator(_as_tuple)] = ("trim",)
    name_cleaning: Annotated[tuple[Cleaning, ...], BeforeValidator(_as_tuple)] = (
        "trim", "collapse_spaces",
    )  # fmt: skip
    name_choice: Literal["most_frequent", "latest", "first"] = "most_frequent"
    kinds: tuple[ProductKind, ...] = ()
    kinds_file: str | None = None
    columns: ProductColumns | None = None


class Reviews(Part):
    """The columns of reviews."""

    columns: ReviewColumns


class Shipments(Part):
    """The columns of shipments."""

    columns: ShipmentColumns


class Returns(Part):
    """The columns of returns that have a file of their own."""

    columns: ReturnColumns


def _check_time_zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("the name of a time zone like Europe/London or UTC") from None
    return text


TimeZone = Annotated[str, Field(min_length=1), BeforeValidator(_check_time_zone)]


class ShopMapping(Part):
    """All that is known of a shop's files.

    Attributes:
        version: of the keys; 1.
        preset: from which the mapping was made, to be read by people.
        time_zone: of the shop, in which all moments are kept.
        time_zone_of_dates: of moments in the files that state no offset; the shop's if not given.
        currency: of all amounts.
        decimal_mark: of numbers in text files.
        thousands_mark: of numbers in text files; none if not given.
        date_formats: of dates in text files, tried in order.
        empty_values: texts that mean that nothing stands there, such as ``NULL``.
        layout: one flat file of lines, orders and lines in two files, or payments without lines.
        rules: what is no sale, in the order in which they are applied.
    """

    version: Literal[1]
    preset: str | None = None
    time_zone: TimeZone
    time_zone_of_dates: TimeZone | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal[",", ".", " ", "'"] | None = None
    date_formats: Annotated[
        tuple[DateFormat, ...], BeforeValidator(_as_tuple), Field(min_length=1)
    ] = ("iso",)  # fmt: skip
    empty_values: Texts = ()
    layout: Layout
    files: Files
    orders: Orders
    lines: Lines | None = None
    payments: Payments | None = None
    customers: Customers = Customers()
    products: Products = Products()
    reviews: Reviews | None = None
    shipments: Shipments | None = None
    returns: Returns | None = None
    rules: tuple[Rule, ...] = ()
    money: Money = Money()
    protocol: Protocol = Protocol()

    @property
    def main_table(self) -> TableName:
        """The table whose file has the orders' columns."""
        tables: dict[str, TableName] = {
            "flat_lines": "lines", "orders_and_lines": "orders", "payments_only": "payments",
        }  # fmt: skip
        return tables[self.layout]

    @property
    def has_order_ids(self) -> bool:
        """Whether a column names each order."""
        return self.orders.ids == "given"

    @property
    def has_quantities(self) -> bool:
        """Whether a column has the pieces of each line."""
        return self.lines is None or self.lines.quantities == "given"

    def file_of(self, table: TableName) -> FileSpec | None:
        """Where the rows of a table lie; none where the shop has no such file."""
        spec: FileSpec | None = getattr(self.files, table)
        return spec

    def columns_of(self, table: TableName) -> dict[str, tuple[str, ...]]:
        """Field to candidate columns of a table; empty where the mapping leaves it out."""
        part = getattr(self, table)
        columns: Columns | None = None if part is None else part.columns
        return {} if columns is None else columns.given()

    def tables(self) -> Iterator[TableName]:
        """The tables of which the mapping names a file."""
        for table in FIELDS:
            if self.file_of(table) is not None:
                yield table

    def required_fields(self, table: TableName) -> tuple[str, ...]:
        """The fields without which a table cannot be read in this layout."""
        required = REQUIRED_FIELDS[table]
        if table == "orders":
            if self.layout == "payments_only":
                return ()
            return required if self.has_order_ids else ("ordered_at",)
        if table == "lines":
            ids = ("order_id",) if self.layout == "orders_and_lines" else ()
            pieces = required if self.has_quantities else ()
            return (*ids, *pieces, self.money.line_price)
        if table == "payments" and self.layout == "payments_only":
            ids = ("payment_id",) if self.has_order_ids else ()
            return (*ids, "paid_at", *required)
        return required
