"""What the project's documentation says of a mart, as dbt wrote it into the warehouse."""

from __future__ import annotations

from collections.abc import Callable

import duckdb


class DefinitionError(LookupError):
    """A page asked for the description of a mart that has none."""


def definitions_of(connection: duckdb.DuckDBPyConnection) -> Callable[[str], str]:
    """A helper for pages: a mart's description without its first sentence, which is its heading.

    Args:
        connection: the warehouse.

    Example:
        >>> shop = duckdb.connect()
        >>> _ = shop.execute("create schema marts; create table marts.late (n int)")
        >>> _ = shop.execute("comment on table marts.late is 'Late orders. Three days or more.'")
        >>> definitions_of(shop)("late")
        'Three days or more.'
    """
    rows = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where schema_name = 'marts' and comment is not null"
    ).fetchall()
    comments: dict[str, str] = dict(rows)

    def definition(mart: str) -> str:
        if mart not in comments:
            raise DefinitionError(
                f"expected a description of marts.{mart} in the warehouse, there is none; "
                f"describe it in its YAML and run `dbt run --select {mart}`"
            )
        return comments[mart].partition(". ")[2].strip()

    return definition
