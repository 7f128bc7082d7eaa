"""The parts of ``shop.yml``: files, conditions, rules, kinds of product, money, protocol."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from orchestration.loading.mapping.fields import FIELDS

# What a line or an order is, if a rule says so; else it is a sale.
RuleKind = Literal["return", "adjustment", "gift", "test", "stock_movement", "not_valid"]
Sign = Literal["negative", "zero", "positive", "not_positive"]
Cleaning = Literal["trim", "collapse_spaces", "upper", "lower"]
NAMED_DATE_FORMATS = ("iso", "unix_seconds", "excel_serial")


def _as_tuple(value: Any) -> Any:
    """One text may stand for a list of one."""
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
SomeTexts = Annotated[Texts, Field(min_length=1)]


class Part(BaseModel):
    """A part of the mapping, in which no key may stand that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_date_format(text: str) -> str:
    if text in NAMED_DATE_FORMATS:
        return text
    signs = set(re.findall(r"%-?([a-zA-Z])", text))
    if signs & {"Y", "y"} and signs & {"m", "b", "B"} and "d" in signs:
        return text
    raise ValueError(
        f"{', '.join(NAMED_DATE_FORMATS)}, or a format with year, month and day like %d/%m/%Y %H:%M"
    )


def _check_encoding(text: str) -> str:
    try:
        "".encode(text)
    except LookupError:
        raise ValueError("an encoding like utf-8, windows-1252, iso-8859-1 or utf-16") from None
    return text.lower()


def _as_number(value: Any) -> Any:
    """A whole number that was read as text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


DateFormat = Annotated[str, BeforeValidator(_check_date_format)]


class FileSpec(Part):
    """Where the rows of a table lie.

    Attributes:
        path: name of a file in the data folder, or a pattern such as ``orders-2025-*.csv``.
        sheets: of a workbook: names or patterns; all sheets if not given.
        delimiter: between the values of a CSV file.
        quote: around values that hold the delimiter.
        encoding: of a CSV file.
        header_line: on which line, or row of a sheet, the names of the columns stand.
        key: fields by which a row of one file is known in another; of several files all rows of
            such a key are read from one file only.
        keep: which file that is: the last by name, or the first.
    """

    path: Annotated[str, Field(min_length=1)]
    sheets: SomeTexts | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: Annotated[str, BeforeValidator(_check_encoding)] = "utf-8"
    header_line: Annotated[int, Field(ge=1, le=1000)] = 1
    key: SomeTexts | None = None
    keep: Literal["last", "first"] = "last"


class Files(Part):
    """The files of each table; of flat lines one file has both orders and lines."""

    orders: FileSpec | None = None
    lines: FileSpec | None = None
    payments: FileSpec | None = None
    customers: FileSpec | None = None
    products: FileSpec | None = None
    reviews: FileSpec | None = None
    shipments: FileSpec | None = None
    returns: FileSpec | None = None


class Condition(Part):
    """One condition on one field, or on a column of the file that no field has.

    Attributes:
        field: a field of orders or lines.
        column: a column of the file.
        equals: one of these values, compared trimmed and without regard to case.
        prefix: begins with one of these.
        sign: of a number.
        is_empty: whether nothing stands there; of customer_id, whether nobody is known.
    """

    field: str | None = None
    column: str | None = None
    equals: SomeTexts | None = None
    prefix: SomeTexts | None = None
    sign: Sign | None = None
    is_empty: bool | None = None

    @model_validator(mode="after")
    def _check(self) -> Condition:
        if (self.field is None) == (self.column is None):
            raise ValueError("either field or column, and not both")
        tests = [self.equals, self.prefix, self.sign, self.is_empty]
        if sum(test is not None for test in tests) != 1:
            raise ValueError("one of equals, prefix, sign and is_empty")
        field_names = FIELDS["orders"].keys() | FIELDS["lines"].keys()
        if self.field is not None and self.field not in field_names:
            raise ValueError(f"a field of orders or lines as field, which {self.field!r} is not")
        if self.sign is not None and self.field is not None:
            kind = (FIELDS["orders"] | FIELDS["lines"])[self.field]
            if kind not in {"amount", "price", "quantity"}:
                raise ValueError(f"a number with sign, which {self.field} is not")
        return self


def _as_conditions(value: Any) -> Any:
    """One condition may stand for a list of one."""
    return (value,) if isinstance(value, dict) else value


class Rule(Part):
    """What a line is, where all conditions hold; the first rule that holds decides.

    Attributes:
        kind: what the line is then.
        when: the conditions.
        note: why, for who reads it.
    """

    kind: RuleKind
    when: Annotated[
        tuple[Condition, ...], BeforeValidator(_as_conditions), Field(min_length=1)
    ]  # fmt: skip
    note: str | None = None


class ProductKind(Part):
    """Products that are no merchandise, or another kind of it.

    Attributes:
        kind: such as shipping, fee, voucher.
        codes: product ids, compared after cleaning.
        prefixes: beginnings of product ids.
    """

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    codes: Texts = ()
    prefixes: Texts = ()

    @model_validator(mode="after")
    def _check(self) -> ProductKind:
        if not self.codes and not self.prefixes:
            raise ValueError("codes or prefixes")
        return self


class Money(Part):
    """How the amounts of a line and of an order hang together.

    Attributes:
        line_price: whether a line states the price of a piece, or of the line.
        line_discount: subtracted from the line's price, or already in it.
        order_discount: subtracted from the sum of the lines, already in them, or subtracted while
            it counts the lines' own discounts once more.
        prices_include_tax: whether the order's tax is in the prices.
        refunds: which refunds count: those that the lines state, those that the order states, or
            both, the order's being the sum: what no line states is a return without a product.
        tolerance_amount: up to so much an order's total may differ from its parts.
    """

    line_price: Literal["unit_price", "line_total"] = "unit_price"
    line_discount: Literal["subtracted", "included"] = "subtracted"
    order_discount: Literal["subtracted", "included", "with_lines"] = "subtracted"
    prices_include_tax: bool = False
    refunds: Literal["lines", "orders", "both", "none"] = "both"
    tolerance_amount: Annotated[float, Field(ge=0)] = 0.05


class Protocol(Part):
    """What the models are trained and judged on, where the rules' own choice is overridden.

    Attributes:
        as_of_date: nothing from this day on is known.
        window_start_date: orders before it are not used.
        label_window_days: in which a customer returns, or not.
        training_dates: of the snapshots to learn from.
        test_date: of the snapshot to be judged on.
        contact_cost_amount: what it costs to contact one customer.
        return_value_amount: what a customer who comes back is worth, the margin of an order.
        max_auc: above it a model is suspected to know the future.
    """

    as_of_date: date | None = None
    window_start_date: date | None = None
    label_window_days: Annotated[
        Literal[30, 60, 90, 180, 365] | None, BeforeValidator(_as_number)
    ] = None
    training_dates: Annotated[tuple[date, ...], Field(min_length=1)] | None = None
    test_date: date | None = None
    contact_cost_amount: Annotated[float, Field(ge=0)] | None = None
    return_value_amount: Annotated[float, Field(ge=0)] | None = None
    max_auc: Annotated[float, Field(gt=0.5, le=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Protocol:
        dates = self.training_dates or ()
        if list(dates) != sorted(set(dates)):
            raise ValueError("training_dates in ascending order, each once")
        if dates and self.test_date is None:
            raise ValueError("training_dates together with a test_date")
        if self.test_date and dates and dates[-1] >= self.test_date:
            raise ValueError(f"training_dates before the test_date {self.test_date}")
        if self.as_of_date and self.test_date and self.test_date >= self.as_of_date:
            raise ValueError(f"a test_date before the as_of_date {self.as_of_date}")
        return self
