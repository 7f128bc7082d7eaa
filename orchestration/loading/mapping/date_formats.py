"""How the dates of a column are written, told from all of its values and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from orchestration.sql_text import literal

# Day and month may be either way round: these come in pairs.
DATE_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
                "%Y%m%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%b %d %Y", "%b %d, %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S %z", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip
SAMPLE_SIZE = 500
ISO_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)


def find_date_format(
    connection: duckdb.DuckDBPyConnection, filled_count: int
) -> tuple[str | None, bool, str]:
    """The format of nearly all values of ``temp.stage_text``, if they are dates.

    Args:
        connection: with the texts, one per row, in the order of the rows.
        filled_count: how many of them hold something.

    Returns:
        The format, whether day and month could change places, and how that was decided.
    """
    if filled_count == 0:
        return None, False, ""
    ((iso, dated),) = connection.execute(
        f"""
        select count(*) filter (regexp_full_match(value, '{ISO_PATTERN}')),
            count(*) filter (regexp_matches(value, '[0-9]{{1,4}}[-/. ,][A-Za-z0-9]{{1,3}}[-/. ,]')
                or regexp_full_match(value, '(19|20)[0-9]{{6}}'))
        from temp.stage_text
        """
    ).fetchall()
    if iso >= 0.98 * filled_count:
        return "iso", False, "dates of ISO"
    if dated < 0.98 * filled_count:
        return None, False, ""
    # A format that fits nearly all values fits one of some hundred.
    some = _count_formats(
        connection, DATE_FORMATS,
        f"(select value from temp.stage_text where value is not null limit {SAMPLE_SIZE})",
    )  # fmt: skip
    likely = [date_format for date_format, count in some.items() if count]
    if not likely:
        return None, False, ""
    counts = _count_formats(connection, likely, "temp.stage_text")
    return _choose_format(connection, filled_count, counts)


def _count_formats(
    connection: duckdb.DuckDBPyConnection, formats: Sequence[str], source: str
) -> dict[str, int]:
    """How many values each format reads."""
    tries = ", ".join(
        f"count(*) filter (year(try_strptime(value, {literal(date_format)})) between 1970 and 2199)"
        for date_format in formats
    )
    (counts,) = connection.execute(f"select {tries} from {source}").fetchall()
    return dict(zip(formats, counts, strict=True))


def _choose_format(
    connection: duckdb.DuckDBPyConnection, filled_count: int, counts: Mapping[str, int]
) -> tuple[str | None, bool, str]:
    """Of the formats that fit most values, the one that the order of the rows speaks for."""
    most = max(counts.values())
    if most < 0.98 * filled_count:
        return None, False, ""
    # "%Y" reads two digits and "%y" refuses four, so the narrower one comes first.
    fitting = [date_format for date_format, count in counts.items() if count == most]
    if any("%y" in date_format for date_format in fitting):
        fitting = [date_format for date_format in fitting if "%y" in date_format]
    if len(fitting) == 1:
        return fitting[0], False, f"{most:,} of {filled_count:,} values fit no other format"
    backward = {date_format: _steps_back(connection, date_format) for date_format in fitting[:2]}
    first, second = sorted(
        backward, key=lambda date_format: (backward[date_format], not date_format.startswith("%d"))
    )
    if backward[first] < backward[second]:
        return (
            first,
            True,
            (
                f"day and month could change places; so read, the rows go back in time "
                f"{backward[first]:,} times, else {backward[second]:,}"
            ),
        )
    return first, True, "day and month could change places; the day is taken to come first"


def _steps_back(connection: duckdb.DuckDBPyConnection, date_format: str) -> int:
    """How often a row is earlier than the one before it: exports are mostly in order of time."""
    ((count,),) = connection.execute(
        f"""
        select least(count(*) filter (moment < before), count(*) filter (moment > before)) from (
            select try_strptime(value, {literal(date_format)}) as moment,
                lag(moment) over (order by rowid) as before
            from temp.stage_text
        )
        """
    ).fetchall()
    return int(count)
