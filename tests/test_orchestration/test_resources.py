"""Opening and swapping: what readers and the next step find, whatever goes wrong."""

import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import duckdb
import pytest
from number_files import KILLED_WRITER, StopHereError, make_number_file, names, numbers

from orchestration import swapping, warehouse_file
from orchestration.errors import RegularsError, WarehouseError
from orchestration.settings import Settings
from orchestration.swapping import new_folder, swap_folder
from orchestration.warehouse_file import open_warehouse, replace_database

# Opens a file, says so, and holds it until its input is closed.
HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reader")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def warehouse(tmp_path):
    return make_number_file(tmp_path / "regulars.duckdb")


@contextmanager
def held_by_another_process(path, role):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


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


# swap_folder


FILES = ("first", "second")


def fill(folder, text):
    for name in FILES:
        (folder / name).write_text(text)
    return folder


def test_a_new_folder_takes_the_place_and_the_former_is_removed(tmp_path):
    place = tmp_path / "site"
    for text in ("one", "two"):
        new = fill(new_folder(place), text)
        swap_folder(new, place)
        assert (place / "first").read_text() == text
        assert names(tmp_path) == sorted([new.name, "site"])


def test_the_link_still_leads_there_when_everything_is_moved(tmp_path):
    (tmp_path / "here").mkdir()
    place = tmp_path / "here" / "site"
    swap_folder(fill(new_folder(place), "text"), place)
    assert not place.readlink().is_absolute()
    (tmp_path / "here").rename(tmp_path / "there")
    assert (tmp_path / "there" / "site" / "first").read_text() == "text"


def test_a_real_folder_in_the_place_is_replaced(tmp_path):
    place = tmp_path / "site"
    place.mkdir()
    (place / "left").write_text("over")
    new = fill(new_folder(place), "new")
    swap_folder(new, place)
    assert names(place) == ["first", "second"]
    assert names(tmp_path) == sorted([new.name, "site"])


def test_a_link_that_leads_elsewhere_is_replaced_and_what_it_led_to_stays(tmp_path):
    other = tmp_path / "other" / ".site-0123abcd"
    other.mkdir(parents=True)
    fill(other, "theirs")
    place = tmp_path / "site"
    place.symlink_to(other)
    swap_folder(fill(new_folder(place), "ours"), place)
    assert (place / "first").read_text() == "ours"
    assert (other / "first").read_text() == "theirs"


def test_only_what_belongs_to_the_place_is_cleared_away(tmp_path):
    place = tmp_path / "site"
    kept = {
        new_folder(tmp_path / "site-of-another").name,
        new_folder(tmp_path / "parquet").name,
    }
    (tmp_path / ".site-notes").write_text("mine")
    new_folder(place)  # of a step that was killed
    (tmp_path / ".site-0123abcd.link").symlink_to("nowhere")
    new = fill(new_folder(place), "new")
    swap_folder(new, place)
    assert set(names(tmp_path)) == kept | {".site-notes", "site", new.name}


def test_the_new_folder_survives_however_its_path_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "site"
    new = fill(new_folder(place), "new")
    swap_folder(new.relative_to(tmp_path), place)
    swap_folder(new, place)  # and when it is there already
    assert (place / "first").read_text() == "new"


def test_an_open_file_of_the_former_folder_stays_readable(tmp_path):
    place = tmp_path / "site"
    swap_folder(fill(new_folder(place), "one"), place)
    with (place / "first").open() as held:
        swap_folder(fill(new_folder(place), "two"), place)
        assert held.read() == "one"


def test_a_reader_on_its_way_still_finds_the_former_folder_a_moment_longer(tmp_path, monkeypatch):
    place = tmp_path / "site"
    former = fill(new_folder(place), "one")
    swap_folder(former, place)
    waits = []

    def look(seconds):
        waits.append(
            (seconds, (place / "first").read_text(), (former / "first").read_text())
        )  # fmt: skip

    monkeypatch.setattr(swapping.time, "sleep", look)
    swap_folder(fill(new_folder(place), "two"), place)
    assert waits == [(swapping.SWAP_GRACE, "two", "one")]
    assert not former.exists()


def test_a_reader_never_misses_the_folder_and_always_finds_a_whole_one(tmp_path, monkeypatch):
    monkeypatch.setattr(swapping, "SWAP_GRACE", 0.0)
    place = tmp_path / "site"
    swap_folder(fill(new_folder(place), "0"), place)
    seen, faults, done = {0}, [], threading.Event()

    def read_once():
        name = place.readlink()
        try:
            first, second = (int((tmp_path / name / file).read_text()) for file in FILES)
        except FileNotFoundError:
            # Overtaken by a swap; while the link leads there, the folder must be whole.
            if place.readlink() == name:
                raise
            return
        if first != second or first < max(seen):
            raise AssertionError(f"read {first} and {second} after {max(seen)}")
        seen.add(first)

    def keep_reading():
        while not done.is_set():
            try:
                read_once()
            except (OSError, ValueError, AssertionError) as error:
                faults.append(error)

    reader = threading.Thread(target=keep_reading)
    reader.start()
    for number in range(1, 201):
        swap_folder(fill(new_folder(place), str(number)), place)
    done.set()
    reader.join()
    assert faults == []
    assert len(seen) > 3
    assert (place / "first").read_text() == "200"
    assert len(names(tmp_path)) == 2


# Settings


def test_everything_that_is_made_stands_beside_the_warehouse(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(tmp_path / "mine" / "shop.duckdb"))
    monkeypatch.delenv("REGULARS_DATA_DIR", raising=False)
    settings = Settings.from_environment()
    made = [settings.published_dir, settings.site_dir, settings.demo_dir]
    assert {path.parent for path in made} == {tmp_path / "mine"}
    assert settings.data_dir is None


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "²", "٣", "3²", " 3"])
def test_a_setting_that_is_not_a_whole_number_is_named(monkeypatch, value):
    monkeypatch.setenv("REGULARS_MAX_REJECTED_ROWS", value)
    with pytest.raises(RegularsError, match=rf"REGULARS_MAX_REJECTED_ROWS must be .*'{value}'"):
        Settings.from_environment()


@pytest.mark.parametrize("value", ["0", "5", "99"])
def test_a_demo_shop_that_is_too_small_is_refused_before_anything_starts(monkeypatch, value):
    monkeypatch.setenv("REGULARS_DEMO_ORDERS", value)
    with pytest.raises(
        RegularsError, match=f"REGULARS_DEMO_ORDERS must be .* from 100, got '{value}'"
    ):
        Settings.from_environment()
    monkeypatch.setenv("REGULARS_DEMO_ORDERS", "100")
    assert Settings.from_environment().demo_orders == 100


@pytest.mark.parametrize("name", ["REGULARS_DATA_DIR", "REGULARS_WAREHOUSE"])
@pytest.mark.parametrize("value", ["", "  "])
def test_a_path_that_is_empty_is_not_taken_for_the_current_folder(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(RegularsError, match=f"{name} is empty, expected a path"):
        Settings.from_environment()
