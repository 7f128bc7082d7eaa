"""How numbers read in the report; the only place where they are formatted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

Number = int | float | Decimal  # what DuckDB hands over

NOTHING = "–"  # what stands for a missing value  # noqa: RUF001
CURRENCY_SIGNS = {"BRL": "R$", "EUR": "€", "GBP": "£", "USD": "$"}


def integer(value: Number | None) -> str:
    """A whole number with thousands separated.

    Example:
        >>> integer(98206)
        '98,206'
    """
    return NOTHING if value is None else f"{value:,.0f}"


def decimal(value: Number | None, digits: int = 2) -> str:
    """A number with a fixed count of digits after the point.

    Example:
        >>> decimal(0.5959)
        '0.60'
    """
    return NOTHING if value is None else f"{value:,.{digits}f}"


def percent(value: Number | None, digits: int = 1) -> str:
    """A share from 0 to 1 as a percentage.

    Example:
        >>> percent(0.0312)
        '3.1 %'
    """
    return NOTHING if value is None else f"{float(value) * 100:,.{digits}f} %"


def money(value: Number | None, currency: str = "") -> str:
    """An amount, with the sign of its currency (ISO 4217 code) where one is given.

    Example:
        >>> money(Decimal("15738970.55"), "BRL")
        'R$ 15,738,971'
        >>> money(12.5)
        '12.50'
    """
    if value is None:
        return NOTHING
    digits = 0 if abs(float(value)) >= 1_000 else 2
    sign = CURRENCY_SIGNS.get(currency, currency)
    return f"{sign} {value:,.{digits}f}".strip()


def day(value: date | datetime | None) -> str:
    """A date as in 29 August 2018.

    Example:
        >>> day(date(2018, 8, 29))
        '29 August 2018'
    """
    return NOTHING if value is None else f"{value.day} {value:%B %Y}"


FILTERS = {
    "integer": integer,
    "decimal": decimal,
    "percent": percent,
    "money": money,
    "day": day,
}
