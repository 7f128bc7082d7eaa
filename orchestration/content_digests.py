"""What tables hold, as one text each, to tell whether a test's last result still counts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import date

import duckdb

# As macros/portability/content_digest.sql has it.
CONTENT_DIGEST = "select count(*) || ' ' || coalesce(sum(cast(hash(*columns(*)) as hugeint)), 0)"

Table = tuple[str, str]  # schema and name


def read_digests(
    connection: duckdb.DuckDBPyConnection, tables: Collection[Table]
) -> dict[Table, str]:
    """What each table holds now; without those that are not there.

    Args:
        connection: to the warehouse.
        tables: schema and name of each.
    """
    there = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database()"
    ).fetchall()
    digests = {}
    for schema, name in sorted(set(tables).intersection(there)):
        ((digest,),) = connection.execute(f'{CONTENT_DIGEST} from "{schema}"."{name}"').fetchall()
        digests[schema, name] = str(digest)
    return digests


def digest_of_test(
    as_of_date: date, tables: Mapping[str, Table], digests: Mapping[Table, str]
) -> str:
    """What a test looked at, as macros/record_test_results.sql has it.

    Args:
        as_of_date: of the build.
        tables: those that the test looks at, by their ids in the project.
        digests: what each table holds; one that is not there is left out.
    """
    parts = [digests[tables[id_]] for id_ in sorted(tables) if tables[id_] in digests]
    text = "; ".join([str(as_of_date), *parts])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
