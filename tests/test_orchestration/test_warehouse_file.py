"""Opening and replacing the warehouse file: what readers and the next step find."""

import re
import subprocess
import sys
import threading
import time

import duckdb
import pytest
from number_files import (
    KILLED_WRITER,
    StopHereError,
    held_by_another_process,
    make_number_file,
    names,
    numbers,
)

from orchestration import warehouse_file
from orchestration.errors import WarehouseError
from orchestration.warehouse_file import open_warehouse, replace_database


@pytest.fixture
def warehouse(tmp_path):
    return make_number_file(tmp_path / "regulars.duckdb")


# open_warehouse


def test_a_writer_gets_a_warehouse_and_its_folder_made(tmp_path):
    path = tmp_path / "new" / "regulars.duckdb"
    with open_warehouse(path) as connection:
        connection.execute("create table numbers as select 5 as n")
    assert numbers(path) == [5]


def test_a_reader_is_told_that_there_is_no_warehouse(tmp_path):
    with (
        pytest.raises(WarehouseError, match=r"no warehouse at .*; run `regulars build` first"),
        open_warehouse(tmp_path / "regulars.duckdb", read_only=True),
    ):
        pass
    assert names(tmp_path) == []


def test_a_reader_cannot_write(warehouse):
    with (
        open_warehouse(warehouse, read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("insert into numbers values (2)")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_not_duckdb_is_named_at_once(tmp_path, read_only):
    # "lock" in the path once made it look like a locked file.
    path = tmp_path / "warlock.duckdb"
    path.write_text("a,b\n" * 5000)
    began_at = time.monotonic()
    with (
        pytest.raises(WarehouseError, match=rf"{path} cannot be opened: .*not a valid DuckDB"),
        open_warehouse(path, read_only=read_only),
    ):
        pass
    assert time.monotonic() - began_at < warehouse_file.LOCK_PATIENCE / 10


def test_a_warehouse_open_otherwise_in_this_process_is_a_sentence_too(warehouse):
    with (
        duckdb.connect(str(warehouse)),
        pytest.raises(WarehouseError, match="different configuration"),
        open_warehouse(warehouse, read_only=True),
    ):
        pass


@pytest.mark.parametrize(
    ("role", "read_only"), [("writer", False), ("writer", True), ("reader", False)]
)
def test_a_lock_that_stays_is_said_who_holds_it_and_what_to_do(
    warehouse, monkeypatch, role, read_only
):
    monkeypatch.setattr(warehouse_file, "LOCK_PATIENCE", 0.1)
    with held_by_another_process(warehouse, role) as process:
        with (
            pytest.raises(WarehouseError) as caught,
            open_warehouse(warehouse, read_only=read_only),
        ):
            pass
        assert re.search(
            rf"regulars\.duckdb is held by another process \(.*PID {process.pid}\b.*\); close it "
            r"and build again\. Readers should open published/regulars\.duckdb",
            str(caught.value),
        )


def test_a_lock_that_goes_away_is_waited_for(warehouse):
    with held_by_another_process(warehouse, "writer") as process:
        timer = threading.Timer(0.4, process.stdin.close)
        timer.start()
        with open_warehouse(warehouse) as connection:
            assert connection.execute("select n from numbers").fetchall() == [(1,)]
        timer.join()


def test_readers_do_not_wait_for_each_other(warehouse, monkeypatch):
    monkeypatch.setattr(warehouse_file, "LOCK_PATIENCE", 0.0)
    with (
        held_by_another_process(warehouse, "reader"),
        open_warehouse(warehouse, read_only=True) as connection,
    ):
        assert connection.execute("select n from numbers").fetchall() == [(1,)]


def test_the_connection_is_closed_after_an_exception(warehouse):
    with pytest.raises(StopHereError), open_warehouse(warehouse) as connection:
        raise StopHereError
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("select 1")


# replace_database


def test_a_log_beside_the_former_file_is_not_replayed_into_the_new_one(warehouse):
    new = warehouse.parent / "new.duckdb"
    with duckdb.connect(str(new)) as connection:
        connection.execute("create table numbers as select 7 as n")
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(warehouse)], check=True)
    assert (warehouse.parent / "regulars.duckdb.wal").exists()
    replace_database(new, warehouse)
    assert numbers(warehouse) == [7]
