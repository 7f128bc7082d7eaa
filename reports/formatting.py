"""How values read in the report; the only place where they are formatted.

A missing value, None or the "not a number" of floating point, reads as a dash.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Number = int | float | Decimal  # what DuckDB hands over

NOTHING = "–"  # what stands for a missing value
NO_BREAK = "\u00a0"  # a space at which a line does not end
CURRENCY_SIGNS = {"BRL": "R$", "EUR": "€", "GBP": "£", "USD": "$"}


def _is_missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 - only "not a number" differs from itself


def integer(value: Number | None) -> str:
    """A whole number with thousands separated.

    Example:
        >>> integer(98206)
        '98,206'
    """
    return decimal(value, 0)


def decimal(value: Number | None, digits: int = 2) -> str:
    """A number with a fixed count of digits after the point; never a negative zero.

    Example:
        >>> decimal(0.5959)
        '0.60'
        >>> decimal(-0.0004)
        '0.00'
    """
    if value is None or _is_missing(value):
        return NOTHING
    # Formatted as they are, whole numbers would go through floating point and lose digits.
    exact = Decimal(value) if isinstance(value, int) else value
    return f"{exact:z,.{digits}f}"


def counted(value: Number | None, singular: str = "row", plural: str = "") -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "customer"), counted(1200, "customer"), counted(2, "person", "people")
        ('1 customer', '1,200 customers', '2 people')
    """
    if _is_missing(value):
        return NOTHING
    return f"{integer(value)} {singular if value == 1 else plural or f'{singular}s'}"


def days(value: Number | None) -> str:
    """A count of days.

    Example:
        >>> days(90), days(1)
        ('90 days', '1 day')
    """
    return counted(value, "day")


def precise(value: Number | None) -> str:
    """A number with four digits after the point, for figures that differ little.

    Example:
        >>> precise(0.56), precise(None)
        ('0.5600', '–')
    """
    return decimal(value, 4)


def number(value: Number | None) -> str:
    """A number with as many digits after the point as it needs: none, or two to four.

    Example:
        >>> number(Decimal("96.8800")), number(Decimal("1359.0000")), number(0.12344), number(9.7)
        ('96.88', '1,359', '0.1234', '9.70')
    """
    if _is_missing(value):
        return NOTHING
    whole, _, digits = decimal(value, 4).partition(".")
    digits = digits.rstrip("0")
    return f"{whole}.{digits:0<2}" if digits else whole


def by_size(value: Number) -> Decimal:
    """A number rounded by its size: whole from 100 on, to tenths from 10 on, else to hundredths.

    Example:
        >>> by_size(1234.5), by_size(12.25), by_size(-0.125)
        (Decimal('1235'), Decimal('12.3'), Decimal('-0.13'))
    """
    size = -value if value < 0 else value
    unit = "1" if size >= 100 else "0.1" if size >= 10 else "0.01"
    return Decimal(str(value)).quantize(Decimal(unit), ROUND_HALF_UP)


def percent(value: Number | None, digits: int = 1) -> str:
    """A share from 0 to 1 as a percentage; one too small to show is not called none.

    Example:
        >>> percent(0.0312)
        '3.1%'
        >>> percent(43 / 94990)
        '<0.1%'
    """
    if value is None or _is_missing(value):
        return NOTHING
    text = f"{float(value) * 100:z,.{digits}f}%"
    nothing, smallest = f"{0:.{digits}f}%", f"{10**-digits:.{digits}f}%"
    return f"<{smallest}" if value > 0 and text == nothing else text


def money(value: Number | None, currency: str = "") -> str:
    r"""An amount, with the sign of its currency (ISO 4217 code) where one is given.

    Example:
        >>> money(Decimal("15738970.55"), "BRL")
        'R$\xa015,738,971'
        >>> money(-12.5)
        '-12.50'
    """
    if value is None or _is_missing(value):
        return NOTHING
    size = -value if value < 0 else value
    amount = decimal(size, 0 if size >= 1_000 else 2)
    sign = CURRENCY_SIGNS.get(currency, currency)
    minus = "-" if value < 0 and amount.strip("0.") else ""
    return f"{minus}{sign}{NO_BREAK if sign else ''}{amount}"


def day(value: date | datetime | None) -> str:
    r"""A date as in 29 August 2018.

    Example:
        >>> day(date(2018, 8, 29))
        '29\xa0August\xa02018'
    """
    return NOTHING if value is None else f"{value.day}{NO_BREAK}{month(value)}"


def month(value: date | datetime | None) -> str:
    r"""The month of a date as in August 2018.

    Example:
        >>> month(date(2018, 8, 1))
        'August\xa02018'
    """
    return NOTHING if value is None else f"{value:%B}{NO_BREAK}{value.year}"


def short_month(value: date | datetime | None) -> str:
    r"""The month of a date where there is little room, as in Aug 2018.

    Example:
        >>> short_month(date(2018, 8, 1))
        'Aug\xa02018'
    """
    return NOTHING if value is None else f"{value:%b}{NO_BREAK}{value.year}"


def label(value: object) -> str:
    r"""Any value as a name on one line.

    Example:
        >>> label("cannot\nlose them"), label(True), label(None)
        ('cannot lose them', 'yes', '–')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOTHING if _is_missing(value) else " ".join(str(value).splitlines())


FILTERS: dict[str, Callable[..., str]] = {
    "integer": integer,
    "counted": counted,
    "decimal": decimal,
    "days": days,
    "precise": precise,
    "number": number,
    "percent": percent,
    "money": money,
    "day": day,
    "month": month,
    "short_month": short_month,
    "label": label,
}
