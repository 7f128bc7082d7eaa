"""`regulars status`: what is built, as of when, from what, and where it is."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
from rich.console import Console

from orchestration.cli.checking import check_warehouse
from orchestration.cli.overview import Overview, read_overview
from orchestration.cli.summary import (
    Line,
    champion_lines,
    finding_lines,
    print_lines,
    shop_lines,
)
from orchestration.errors import WarehouseError
from orchestration.settings import Settings
from orchestration.warehouse_file import LOCK_MESSAGE


def status() -> None:
    """What is built, as of when, from what; champions, tests, and when it was published."""
    settings = Settings.from_environment()
    check_warehouse(settings.warehouse_path)
    lines = describe_status(settings, _look(settings.warehouse_path))
    print_lines(Console(highlight=False, markup=False, emoji=False), lines)


def describe_status(settings: Settings, overview: Overview) -> list[Line]:
    """The lines of `regulars status`.

    Args:
        settings: where things are.
        overview: what the warehouse holds.
    """
    size = settings.warehouse_path.stat().st_size / 1e6
    loaded = f"{overview.source or 'files that an earlier version did not note'}"
    if overview.loaded_at is None:
        loaded = "nothing; `regulars load` or `regulars build` loads files"
    else:
        loaded += f", loaded {overview.loaded_at:%Y-%m-%d %H:%M} UTC"
    as_of = overview.as_of_date
    return [
        ("Warehouse", settings.warehouse_path),
        (" ", f"{size:,.0f} MB, read by Regulars {version('regulars')}"),
        ("Built from", loaded),
        ("As of", f"{as_of}" if as_of else "no date yet; `regulars build` makes the marts"),
        *shop_lines(overview),
        *champion_lines(overview),
        ("Tests", overview.tests),
        *finding_lines(overview),
        *_made("Report", settings.site_dir / "index.html", "`regulars report` builds it"),
        *_made("For BI", settings.published_dir / "regulars.duckdb", "`regulars publish` makes it"),
    ]


def _made(label: str, place: Path, how: str) -> list[Line]:
    if not place.exists():
        return [(label, f"none; {how}")]
    made_at = datetime.fromtimestamp(place.stat().st_mtime, UTC)
    return [(label, place), (" ", f"of {made_at:%Y-%m-%d %H:%M} UTC")]


def _look(path: Path) -> Overview:
    """Read the warehouse at once, or say who has it: nobody waits for a status."""
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        if LOCK_MESSAGE in first:
            raise WarehouseError(
                f"{path.name} is being written by another process ({first}); "
                "ask again when it has ended"
            ) from error
        raise WarehouseError(f"{path} cannot be opened: {first}") from error
    with connection:
        return read_overview(connection)
