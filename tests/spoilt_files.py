"""The files of a small shop without anything odd, and how tests spoil them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

from orchestration.loading.expectations import CountryBox, Expectations

ORDER_COUNT = 1_200
Rows = list[dict[str, str]]
EXPECTED = Expectations(
    as_of_date=date(2018, 8, 30),
    window_start_date=date(2017, 1, 1),
    currency_code="BRL",
    far_order_gap_days=180,
    far_order_share=0.01,
    most_quiet_days=30,
    country_box=CountryBox(south=-34, north=6, west=-74, east=-28),
    country_code="BR",
)


def spoil(folder: Path, stem: str, change: Callable[[Rows], Rows | None]) -> Rows:
    """Change the rows of a file; row number n stands on line n + 2: values span no lines then."""
    path = folder / f"{stem}.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows = [{name: text.replace("\n", " ") for name, text in row.items()} for row in rows]
    rows = change(rows) or rows
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def put(folder: Path, stem: str, column: str, *values: str, at: int = 10) -> None:
    """Put values into a column, from a row on."""

    def change(rows: Rows) -> None:
        for row, value in zip(rows[at:], values, strict=False):
            row[column] = value

    spoil(folder, stem, change)


def of(findings: Rows, code: str) -> Rows:
    return [row for row in findings if row["finding_code"] == code]
