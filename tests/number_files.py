"""A DuckDB file with numbers in it, to see which writer's numbers are in it at the end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# Writes a row and is killed before DuckDB could write it into the file itself.
KILLED_WRITER = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("insert into numbers values (666)")
os._exit(0)
"""

# Opens a file, says so, and holds it until its input is closed.
HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reader")
print("open", flush=True)
sys.stdin.read()
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


@contextmanager
def held_by_another_process(path: Path, role: str) -> Iterator[subprocess.Popen[str]]:
    """Another process has a file open, as a `writer` or as a `reader`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
