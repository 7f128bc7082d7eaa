"""What each raw column holds, counted when its file is loaded: the report's profile page.

The figures are kept for the last two different loads of each table, so that it can be said what
changed. Sums are of decimals, so that the same file always has the same figures.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

# Enough to see a shape beside a column's name.
BIN_COUNT = 12
TOP_COUNT = 5
KEPT_LOADS = 2
# Of a 64-bit number, the digits that a mean is taken from: of a latitude some 0.01 mm.
MEAN_TYPE = "decimal(38, 10)"
MOMENTS = ("DATE", "TIMESTAMP")


def profile_new_loads(
    connection: duckdb.DuckDBPyConnection, *, left_out: Collection[str] = ()
) -> list[str]:
    """Profile each raw table whose last load has no profile yet; drop the profiles before the last.

    Call it within the transaction of the load: with that, it is done or undone.

    Args:
        connection: a writable connection to a warehouse that has ``raw.load_log``.
        left_out: tables without a profile, since they hold contact data.

    Returns:
        The tables that were profiled, by name.

    Example:
        >>> with duckdb.connect() as connection:
        ...     _ = connection.execute("create schema raw")
        ...     _ = connection.execute("create table raw.sellers as select 'SP' as state")
        ...     _ = connection.execute("create table raw.load_log as "
        ...                            "select 1::bigint as load_id, 'sellers' as table_name")
        ...     profile_new_loads(connection)
        ['sellers']
    """
    connection.execute(
        """
        create table if not exists raw.column_profiles (
            load_id bigint, table_name varchar, column_number integer, column_name varchar,
            column_type varchar, row_count bigint, null_count bigint, distinct_count bigint,
            least_value varchar, greatest_value varchar, mean_value double, distribution varchar
        )
        """
    )
    loads = connection.execute(
        """
        select table_name, max(load_id) from raw.load_log group by table_name
        except select table_name, load_id from raw.column_profiles
        order by 1
        """
    ).fetchall()
    loads = [(name, load_id) for name, load_id in loads if name not in left_out]
    for table_name, load_id in loads:
        _profile_table(connection, table_name, load_id)
    connection.execute(
        """
        delete from raw.column_profiles
        where (table_name, load_id) not in (
            select table_name, load_id
            from (select distinct table_name, load_id from raw.column_profiles)
            qualify row_number() over (partition by table_name order by load_id desc) <= ?
        )
        """,
        [KEPT_LOADS],
    )
    return [table_name for table_name, _ in loads]


def _profile_table(connection: duckdb.DuckDBPyConnection, table_name: str, load_id: int) -> None:
    columns = connection.execute(
        """
        select column_index, column_name, data_type from duckdb_columns()
        where database_name = current_database() and schema_name = 'raw' and table_name = ?
        order by column_index
        """,
        [table_name],
    ).fetchall()
    for number, name, kind in columns:
        connection.execute(
            f"insert into raw.column_profiles {_profile_query(table_name, name, kind)}",
            {"load_id": load_id, "table_name": table_name, "number": number, "name": name,
             "kind": kind},
        )  # fmt: skip


def _profile_query(table_name: str, column_name: str, column_type: str) -> str:
    """SQL for one row of figures."""
    position, mean = _position_and_mean(column_type)
    common = f"""
        with counted as (
            select "{column_name}" as value, count(*) as row_count
            from raw.{table_name} group by "{column_name}"
        ),
        totals as (
            select
                cast(coalesce(sum(row_count), 0) as bigint) as row_count,
                cast(coalesce(sum(row_count) filter (value is null), 0) as bigint) as null_count,
                count(value) as distinct_count,
                cast(min(value) as varchar) as least_value,
                cast(max(value) as varchar) as greatest_value,
                {mean} as mean_value
            from counted
        ),
    """
    shape = _top_values() if position is None else _bins(position, column_type)
    return f"""
        {common} {shape}
        select
            $load_id, $table_name, $number, $name, $kind, row_count, null_count, distinct_count,
            least_value, greatest_value, mean_value, distribution
        from totals cross join shape
    """


def _position_and_mean(column_type: str) -> tuple[str | None, str]:
    """SQL of a value's place on the axis of its bins, none for texts, and of the mean."""
    if column_type in MOMENTS:
        return "epoch_us(cast(value as timestamp))", "cast(null as double)"
    if column_type in {"VARCHAR", "BOOLEAN"}:
        return None, "cast(null as double)"
    # A number too large for the decimal leaves the mean empty, rather than a wrong one or an error.
    exact = f"case when abs(cast(value as double)) < 1e15 then cast(value as {MEAN_TYPE}) end"
    mean = f"""
        case when count({exact}) = count(value) then
            cast(sum({exact} * row_count) as double)
            / nullif(cast(sum(row_count) filter (value is not null) as double), 0)
        end
    """
    return "cast(value as double)", mean


def _top_values() -> str:
    """The most frequent values with their counts; of those that tie, the first by name."""
    return f"""
        top as (
            select value, row_count from counted
            where value is not null order by row_count desc, value limit {TOP_COUNT}
        ),
        shape as (
            select cast(to_json(coalesce(
                list({{'value': value, 'count': row_count}} order by row_count desc, value), []
            )) as varchar) as distribution
            from top
        )
    """


def _bins(position: str, column_type: str) -> str:
    """Counts in bins of equal width between the 1st and 99th percentile, and what lies outside.

    Where those two are one value the bins reach from the least to the greatest, and where those are
    one there is one bin.
    """
    text = "cast(make_timestamp({0}) as varchar)" if column_type in MOMENTS else "{0}"
    return f"""
        placed as (
            select {position} as place, row_count,
                sum(row_count) over (order by value) as rows_so_far,
                sum(row_count) over () as all_rows
            from counted where value is not null
        ),
        percentiles as (
            select
                min(place) as least, max(place) as greatest,
                min(place) filter (rows_so_far >= 0.01 * all_rows) as low,
                min(place) filter (rows_so_far >= 0.99 * all_rows) as high
            from placed
        ),
        ends as (
            select if(low = high, least, low) as low, if(low = high, greatest, high) as high
            from percentiles
        ),
        binned as (
            select
                case
                    when place < low then -1
                    when place > high then {BIN_COUNT}
                    when high = low then 0
                    else least(
                        try_cast(floor((place - low) / (high - low) * {BIN_COUNT}) as integer),
                        {BIN_COUNT - 1}
                    )
                end as bin,
                sum(row_count) as row_count
            from placed cross join ends group by bin
        ),
        bins as (
            select range as bin, cast(coalesce(row_count, 0) as bigint) as row_count
            from range(-1, {BIN_COUNT + 1}) left join binned on range = bin
        ),
        shape as (
            select cast(to_json({{
                'from': {text.format("any_value(low)")},
                'to': {text.format("any_value(high)")},
                'below': coalesce(sum(row_count) filter (bin = -1), 0)::bigint,
                'counts': list(row_count order by bin) filter (
                    bin between 0 and if(low = high, 0, {BIN_COUNT - 1})
                ),
                'above': coalesce(sum(row_count) filter (bin = {BIN_COUNT}), 0)::bigint
            }}) as varchar) as distribution
            from bins cross join ends
        )
    """
