"""Exactly the file that was found is read, whatever signs stand in its path."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import InputError, WarehouseError
from orchestration.loading.load import load_raw_files
from orchestration.loading.tables import RawTable
from orchestration.paths import check_database_path, shown_path
from orchestration.publishing import publish_marts
from orchestration.settings import Settings
from orchestration.warehouse_file import open_warehouse

ORDERS = RawTable("orders", "orders", {"order_id": "VARCHAR", "order_status": "VARCHAR"})
COLUMNS = ["order_id", "order_status"]
RIGHT = [("o1", "shipped"), ("o2", "canceled")]
WRONG = [("x9", "wrong")]
# Each with a folder that its name would stand for, if it were a pattern.
ODD_FOLDERS = {
    "order_status=delivered": "order_status",
    "order_id=7": "7",
    "shop [2]": "shop 2",
    "a=b": "b",
    # Like a cell, a range, or a sheet of a workbook.
    "B1": "b1",
    "B1:C2": "B1",
    "R1C1": "r1c1",
    "Sheet1!B1": "Sheet1",
    "[shop]B1": "shop",
    "=B1": "B1",
    "a*b": "axb",
    "a?b": "axb",
    "**": "any",
    "{a,b}": "a",
    "$HOME": "HOME",
    "it's": "its",
    "~": "home",
    "s3:": "s3",
    "http:": "http",
    "dots.": "dots",
    "new\nline": "new",
    "back\\slash": "back",
    'quo"te': "quote",
    "a#b": "a",
    "a%20b": "a b",
    " blanks ": "blanks",
    os.fsdecode(b"not-utf-8-\xff"): "not-utf-8-",
}


def write(folder: Path, suffix: str, rows: list[tuple[str, str]]) -> None:
    folder.mkdir(parents=True)
    path = folder / f"orders{suffix}"
    text = "\n".join(",".join(row) for row in [COLUMNS, *rows]).encode()
    if suffix == ".parquet":
        columns = [list(column) for column in zip(*rows, strict=True)]
        with path.open("wb") as stream:
            pq.write_table(pa.table(columns, names=COLUMNS), stream)
    else:
        path.write_bytes(gzip.compress(text) if suffix == ".csv.gz" else text)


def load(folder: Path, connection: duckdb.DuckDBPyConnection | None = None) -> list[tuple]:
    connection = connection or duckdb.connect()
    load_raw_files(connection, folder, tables=(ORDERS,))
    return connection.execute("select * from raw.orders order by all").fetchall()


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("name", ODD_FOLDERS, ids=ascii)
def test_exactly_the_file_that_was_found_is_read(tmp_path, name, suffix):
    write(tmp_path / name, suffix, RIGHT)
    write(tmp_path / ODD_FOLDERS[name], suffix, WRONG)
    assert load(tmp_path / name) == sorted(RIGHT)


def test_the_reload_of_unchanged_bytes_does_not_depend_on_where_they_lay(tmp_path):
    write(tmp_path / "order_status=delivered", ".csv", RIGHT)
    connection = duckdb.connect()
    load(tmp_path / "order_status=delivered", connection)
    (tmp_path / "order_status=delivered").rename(tmp_path / "elsewhere [1]")
    (again,) = load_raw_files(connection, tmp_path / "elsewhere [1]", tables=(ORDERS,))
    assert not again.is_new
    assert load(tmp_path / "elsewhere [1]", connection) == sorted(RIGHT)


def test_what_an_earlier_version_read_by_other_rules_is_read_again(tmp_path):
    # Of 0.4.0, which read the folder's name as a column and wrote this definition down.
    write(tmp_path / "order_status=delivered", ".csv", RIGHT)
    connection = duckdb.connect()
    load(tmp_path / "order_status=delivered", connection)
    connection.execute("update raw.orders set order_status = 'delivered'")
    connection.execute(
        "update raw.load_log set table_definition = 'order_id VARCHAR, order_status VARCHAR'"
    )
    assert load(tmp_path / "order_status=delivered", connection) == sorted(RIGHT)


def test_a_bad_value_is_named_with_its_line_wherever_the_file_lies(tmp_path):
    write(tmp_path / "order_id=7", ".csv", [*RIGHT, ("o3", "a,b")])
    with pytest.raises(InputError, match=r"^orders\.csv, line 4: expected 2 values, found 3"):
        load(tmp_path / "order_id=7")


def test_a_link_is_followed_and_a_link_to_nowhere_is_named(tmp_path):
    write(tmp_path / "real", ".csv", RIGHT)
    (tmp_path / "linked").mkdir()
    link = tmp_path / "linked" / "orders.csv"
    link.symlink_to(tmp_path / "real" / "orders.csv")
    assert load(tmp_path / "linked") == sorted(RIGHT)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"orders\.csv cannot be opened: No such file"):
        load(tmp_path / "linked")


def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "orders.csv")
    with pytest.raises(InputError, match=r"orders\.csv cannot be opened: it is no regular file"):
        load(tmp_path)


def test_a_folder_that_is_not_there_is_named_in_one_line_that_can_be_printed(tmp_path):
    name = os.fsdecode(b"a\nb\xff")
    with pytest.raises(InputError) as caught:
        load(tmp_path / name)
    message = str(caught.value)
    assert "a\\nb\\xff does not exist" in message
    assert "\n" not in message
    message.encode()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    write(tmp_path / "shop", ".csv", RIGHT)
    path = tmp_path / "shop" / "orders.csv"
    first = RawTable("first", "first", dict(ORDERS.columns))
    (tmp_path / "shop" / "first.csv").write_bytes(path.read_bytes())

    def change(_message: str) -> None:
        path.write_bytes(path.read_bytes() + b"\no3,shipped")

    with pytest.raises(InputError, match=r"orders\.csv was changed while it was read"):
        load_raw_files(duckdb.connect(), tmp_path / "shop", tables=(first, ORDERS), progress=change)


# The warehouse and what is published beside it


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/shops/a?b/regulars.duckdb", "'?'"),
        ("/shops/a#b/regulars.duckdb", "'#'"),
        ("/shops/a\\b/regulars.duckdb", r"'\\'"),
        (os.fsdecode(b"/shops/\xff/regulars.duckdb"), "not UTF-8"),
        ("/shops/raw.duckdb", "'raw' is taken"),
        ("/shops/marts.2018.duckdb", "'marts' is taken"),
        ("/shops/main.duckdb", "'main' is taken"),
        ("/shops/.duckdb", "'duckdb'"),
    ],
)
def test_a_warehouse_that_cannot_be_opened_exactly_is_refused_by_name(monkeypatch, path, named):
    monkeypatch.setenv("REGULARS_WAREHOUSE", path)
    if named == "'duckdb'":  # a hidden file is no ambiguity
        assert Settings.from_environment().warehouse_path == Path(path)
        return
    with pytest.raises(WarehouseError) as caught:
        Settings.from_environment()
    assert shown_path(path) in str(caught.value)
    assert named in str(caught.value)
    assert "REGULARS_WAREHOUSE" in str(caught.value)


def test_the_signs_that_are_refused_are_those_that_duckdb_misreads(tmp_path):
    # If a new version reads them, they need not be refused any more.
    for sign in "?\\":
        folder = tmp_path / f"a{sign}b"
        folder.mkdir()
        with pytest.raises(duckdb.Error), duckdb.connect(str(folder / "w.duckdb")) as connection:
            connection.execute("create table t as select 1 as x")
    with (
        pytest.raises(duckdb.Error, match="Ambiguous"),
        duckdb.connect(str(tmp_path / "raw.duckdb")) as connection,
    ):
        connection.execute("create schema raw")
        connection.execute("create table raw.t as select 1 as x")


@pytest.mark.parametrize(
    "name",
    [
        "shop [2]",
        "customer_id=7",
        "a=b",
        "B1",
        "=B1",
        "Sheet1!B1",
        "a*b",
        "{a,b}",
        "it's",
        "~",
        "s3:",
        "dots.",
        "new\nline",
        " b ",
    ],
)
def test_a_warehouse_and_its_published_copy_may_lie_in_any_other_folder(tmp_path, name):
    path = check_database_path(tmp_path / name / "regulars.duckdb")
    other = tmp_path / "other" / "regulars.duckdb"
    for place, customer in ((path, "c1"), (other, "x9")):
        with open_warehouse(place) as connection:
            connection.execute("create schema marts")
            connection.execute(f"create table marts.people as select '{customer}' as customer_id")
    assert path.is_file()
    publish_marts(path, path.parent / "published")
    assert sorted(path.parent.joinpath("published").iterdir())
    with open_warehouse(path.parent / "published" / "regulars.duckdb", read_only=True) as copy:
        assert copy.execute("select customer_id from marts.people").fetchall() == [("c1",)]
    with (path.parent / "published" / "parquet" / "people.parquet").open("rb") as stream:
        assert pq.read_table(stream).to_pydict() == {"customer_id": ["c1"]}
