"""Points that lie outside of the shop's country, as where latitude and longitude are swapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding, counted
from orchestration.loading.lines import POSITION_SQL

# A larger share of points outside is said. (In real files 31 of 1,000,163 are, 0.003 %.)
MAX_SHARE_OUTSIDE = 0.005


def find_odd_places(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile], expectations: Expectations
) -> Iterator[Finding]:
    """Files of which too many points lie outside of the country.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema.
        files: all files of the source.
        expectations: where the country lies.

    Yields:
        A finding per file.
    """
    box = expectations.country_box
    for file in files:
        latitude, longitude = map(file.table.column_of, ("latitude", "longitude"))
        if box is None or latitude is None or longitude is None:
            continue
        is_inside = '("{0}" between {south} and {north} and "{1}" between {west} and {east})'
        bounds = {"south": box.south, "north": box.north, "west": box.west, "east": box.east}
        total, count, position, value, swapped = connection.execute(
            f"""
            with points as (
                select
                    "{latitude}" as latitude, "{longitude}" as longitude,
                    {POSITION_SQL} as position,
                    not {is_inside.format(latitude, longitude, **bounds)} as is_outside
                from raw.{file.table.name}
            )
            select
                count(is_outside), count(*) filter (is_outside),
                min(position) filter (is_outside),
                arg_min(concat_ws(', ', latitude, longitude), position) filter (is_outside),
                count(*) filter (
                    is_outside and {is_inside.format("longitude", "latitude", **bounds)}
                )
            from points
            """
        ).fetchall()[0]
        if count <= MAX_SHARE_OUTSIDE * total:
            continue
        yield Finding(
            code="places_outside",
            message=f"{{place}}: the point {value} lies outside of the country, as do {count:,} of "
            f"{counted(total, 'point')} ({count / total:.1%}); distances leave them out.",
            remedy=(
                "Swap latitude and longitude, and load again."
                if swapped > count / 2
                else "Export the points in degrees, latitude and longitude each in its column; or "
                "set country_box of the source in dbt_project.yml to the shop's country."
            ),
            file=file,
            column_name=latitude,
            position=position,
            found_value=value,
            affected_count=count,
        )
