"""What the settings say of a shop, against which its files are held: dates, currency, bounds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from orchestration.errors import InputError
from orchestration.loading.tables import default_source

PROJECT_FILE = Path(__file__).resolve().parents[2] / "dbt_project.yml"


@dataclass(frozen=True)
class CountryBox:
    """Degrees of latitude and longitude between which a country lies."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True)
class Expectations:
    """What the files of a shop are held against.

    Attributes:
        as_of_date: nothing from this day on is known.
        window_start_date: the usable window opens on this day.
        currency_code: of all amounts.
        far_order_gap_days: orders beyond so many days without an order may be far from the others.
        far_order_share: they are far if they are at most this share of all.
        country_box: where the shop's places lie; none to hold no place against it.
        country_code: where its orders go; none to hold no state against a list.
        most_quiet_days: more days between the last order and the as-of date make everybody look
            lost.
    """

    as_of_date: date
    window_start_date: date
    currency_code: str
    far_order_gap_days: int
    far_order_share: float
    most_quiet_days: int
    country_box: CountryBox | None = None
    country_code: str | None = None


def read_expectations(source: str | None = None) -> Expectations:
    """Read them from the environment and from the variables of ``dbt_project.yml``.

    Args:
        source: a folder of ``models/staging``; none for the default.

    Returns:
        The expectations; a date of the environment comes before the source's default.

    Raises:
        InputError: a date of the environment is none.
    """
    variables = read_project_variables()
    defaults = variables["source_defaults"][source or default_source()]
    return Expectations(
        as_of_date=_date("REGULARS_AS_OF_DATE", defaults["as_of_date"]),
        window_start_date=_date("REGULARS_WINDOW_START_DATE", defaults["window_start_date"]),
        currency_code=defaults["currency_code"],
        far_order_gap_days=int(variables["far_order_gap_days"]),
        far_order_share=float(variables["far_order_share"]),
        most_quiet_days=int(variables["most_quiet_days"]),
        country_box=CountryBox(**defaults["country_box"]) if "country_box" in defaults else None,
        country_code=defaults.get("country_code"),
    )


@cache
def read_project_variables() -> dict[str, Any]:
    """The variables of ``dbt_project.yml``.

    Example:
        >>> read_project_variables()["far_order_gap_days"]
        180
    """
    variables: dict[str, Any] = yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))["vars"]
    return variables


def _date(name: str, default: str) -> date:
    text = os.environ.get(name) or default
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{name} must be a day of the calendar like 2018-09-01, got {text!r}; mend or unset it"
        ) from error
