"""A DuckDB file with numbers in it, to see which writer's numbers are in it at the end."""

from __future__ import annotations

from pathlib import Path

import duckdb

# Writes a row and is killed before DuckDB could write it into the file itself.
KILLED_WRITER = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("insert into numbers values (666)")
os._exit(0)
"""


class StopHereError(Exception):
    """What a test raises in the middle."""


def make_number_file(path: Path) -> Path:
    """A file with the number 1."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table numbers as select 1 as n")
    return path


def numbers(path: Path) -> list[int]:
    """The numbers in a file, in order."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [n for (n,) in connection.execute("select n from numbers order by n").fetchall()]


def add_number(path: Path, number: int) -> None:
    """Write a number, as a program does that knows nothing of our lock."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into numbers values (?)", [number])


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())
