"""The shop's time zone, told from the offsets that the moments of its files have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import duckdb

from orchestration.loading.mapping.profile import Looked
from orchestration.loading.mapping.reading import read_source
from orchestration.loading.mapping.value_sql import text_of
from orchestration.loading.mapping.yaml_text import parse_yaml

DEFAULT_TIME_ZONE = "UTC"
# So many of a file's days must have the offset of a zone.
ENOUGH = 0.98
OFFSET_PATTERN = "([+-][0-9]{2}:?[0-9]{2}|Z)$"


@cache
def _zones() -> dict[str, list[str]]:
    source = files("orchestration.loading.mapping").joinpath("time_zones.yml")
    value: dict[str, list[str]] = parse_yaml(source.read_text(encoding="utf-8"), source.name).value
    return value


def guess_time_zone(
    connection: duckdb.DuckDBPyConnection,
    looked: Sequence[Looked],
    columns: Iterable[str],
    currency: str,
    zone_of_dates: str | None = None,
) -> tuple[str, str]:
    """The zone whose offsets the moments of the files have.

    Args:
        connection: any.
        looked: the files with the orders' moments.
        columns: of moments, the most telling first.
        currency: of the shop; of zones with the same offsets its own is taken.
        zone_of_dates: in which the files write their moments, where that is known.

    Returns:
        The zone, and what is to be said of it.
    """
    for name in columns:
        for file in looked:
            moments = _moments_with_offset(connection, file, name)
            if moments:
                return _choose_zone(moments, currency, f"{file.source.name}, column {name!r}")
    if zone_of_dates is not None:
        return DEFAULT_TIME_ZONE, (
            f"time_zone: the files write their moments in {zone_of_dates}, and no file states the "
            f"shop's own zone, in which its days begin; {DEFAULT_TIME_ZONE} is taken."
        )
    return DEFAULT_TIME_ZONE, (
        f"time_zone: no file states it; {DEFAULT_TIME_ZONE} is taken. Dates without an offset are "
        "kept as they are written."
    )


def _choose_zone(moments: list[datetime], currency: str, where: str) -> tuple[str, str]:
    own = _zones().get(currency, [])
    other_zones = [zone for zones in _zones().values() for zone in zones if zone not in own]
    for zone in (*own, DEFAULT_TIME_ZONE, *other_zones):
        if share_of_zone(moments, zone) >= ENOUGH:
            reason = f"time_zone: {zone} is taken, since its offsets are those of {where}."
            if zone == DEFAULT_TIME_ZONE:
                reason = (
                    f"time_zone: the moments of {where} are in UTC, which is taken; days begin at "
                    "the midnight of the shop's own zone, so name it."
                )
            return zone, reason
    return DEFAULT_TIME_ZONE, (
        f"time_zone: the offsets of {where} are those of no one zone; {DEFAULT_TIME_ZONE} is "
        "taken, so name the shop's own."
    )


def share_of_zone(moments: Sequence[datetime], zone: str) -> float:
    """The share of moments that have the offset that a zone has at that moment.

    Args:
        moments: with offsets.
        zone: such as ``Europe/Berlin``.

    Example:
        >>> summer = datetime.fromisoformat("2024-07-01 12:00:00+02:00")
        >>> share_of_zone([summer], "Europe/Berlin"), share_of_zone([summer], "Europe/London")
        (1.0, 0.0)
    """
    info = ZoneInfo(zone)
    same = sum(moment.astimezone(info).utcoffset() == moment.utcoffset() for moment in moments)
    return same / len(moments)


def _moments_with_offset(
    connection: duckdb.DuckDBPyConnection, looked: Looked, name: str
) -> list[datetime]:
    """One moment of each day and offset that a column of texts has; none if they lack offsets."""
    column = next((candidate for candidate in looked.columns if candidate.name == name), None)
    if column is None or column.stored != "VARCHAR" or column.date_format is None:
        return []
    read_source(connection, looked.source)
    rows = connection.execute(
        f"""
        select min(value) from (
            select {text_of(f"c{column.place}", column.stored, ())} as value from temp.stage_file
        )
        where regexp_matches(value, '{OFFSET_PATTERN}')
        group by substr(value, 1, 10), regexp_extract(value, '{OFFSET_PATTERN}')
        order by all
        """
    ).fetchall()
    connection.execute("drop table if exists temp.stage_file")
    moments = [_parse(value, column.date_format) for (value,) in rows]
    return [moment for moment in moments if moment is not None and moment.utcoffset() is not None]


def _parse(text: str, date_format: str) -> datetime | None:
    try:
        if date_format == "iso":
            return datetime.fromisoformat(text)
        return datetime.strptime(text, date_format)
    except ValueError:
        return None
