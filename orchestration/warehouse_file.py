"""Opens, counts and replaces the warehouse file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.errors import WarehouseError, WarehouseLockedError
from orchestration.paths import check_database_path

# How long a step waits for another process to let go of the warehouse, in seconds.
LOCK_PATIENCE = 60.0

# How DuckDB begins to say so.
LOCK_MESSAGE = "Could not set lock on file"


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, waiting a little while another process has it.

    Args:
        path: the DuckDB file; made if it is not there, unless read only.
        read_only: for readers; several may be open at once.

    Raises:
        WarehouseError: it is not there, not DuckDB, or stays locked; or DuckDB would take its path
            for another one.
    """
    check_database_path(path)
    if read_only and not path.exists():
        raise WarehouseError(f"there is no warehouse at {path}; run `regulars build` first")
    path.parent.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
            break
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            if LOCK_MESSAGE not in first:
                raise WarehouseError(f"{path} cannot be opened: {first}") from error
            if time.monotonic() > give_up_at:
                raise WarehouseLockedError(
                    f"{path.name} is held by another process ({first}); close it and build again. "
                    "Readers should open published/regulars.duckdb instead, which never locks."
                ) from error
            time.sleep(0.25)
    try:
        connection.execute("set autoinstall_known_extensions = false")
        yield connection
    finally:
        connection.close()


def count_all_rows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Rows of every table and view, by schema and name."""
    relations = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() order by all"
    ).fetchall()
    counts = {}
    for schema, name in relations:
        ((count,),) = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchall()
        counts[schema, name] = int(count)
    return counts


def replace_database(new: Path, place: Path) -> None:
    """Put a finished DuckDB file in a place by one rename.

    A process that was killed while it wrote to the former file may have left a write-ahead log
    beside it, which DuckDB would replay into the new one; so that goes first.

    Args:
        new: a checkpointed file, on the same disk.
        place: where readers look.
    """
    place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    new.replace(place)
