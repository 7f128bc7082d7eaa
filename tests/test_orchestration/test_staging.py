"""Staging: a run that fails, is killed or meets another writer loses nothing of anybody."""

import os
import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pytest
from number_files import KILLED_WRITER, StopHereError, add_number, make_number_file, names, numbers

from orchestration import staging
from orchestration.errors import StepNotRunError, WarehouseError
from orchestration.staging import WritingRun, copy_file


@pytest.fixture
def warehouse(tmp_path):
    return make_number_file(tmp_path / "regulars.duckdb")


@contextmanager
def staged_warehouse(path):
    """A run of one step."""
    with WritingRun(path).step_on_copy("step", ["step"]) as copy:
        yield copy


# A run of one step


def test_a_step_that_succeeds_puts_its_copy_in_place(warehouse):
    with staged_warehouse(warehouse) as copy:
        assert copy.name == warehouse.name
        add_number(copy, 2)
        assert numbers(warehouse) == [1]
    assert numbers(warehouse) == [1, 2]
    assert names(warehouse.parent) == ["regulars.duckdb"]


def test_a_step_that_fails_leaves_the_warehouse_to_the_byte_and_keeps_its_copy(warehouse):
    before = warehouse.read_bytes()
    with pytest.raises(StopHereError), staged_warehouse(warehouse) as copy:
        add_number(copy, 2)
        raise StopHereError
    assert warehouse.read_bytes() == before
    assert names(warehouse.parent) == ["failed", "regulars.duckdb"]
    assert numbers(warehouse.parent / "failed" / "regulars.duckdb") == [1, 2]


def test_a_kept_copy_has_what_was_written_last(warehouse):
    with pytest.raises(StopHereError), staged_warehouse(warehouse) as copy:
        subprocess.run([sys.executable, "-c", KILLED_WRITER, str(copy)], check=True)
        raise StopHereError
    assert numbers(warehouse.parent / "failed" / "regulars.duckdb") == [1, 666]


def test_only_the_last_failure_is_kept(warehouse):
    for number in (2, 3):
        with pytest.raises(StopHereError), staged_warehouse(warehouse) as copy:
            if number == 2:
                subprocess.run([sys.executable, "-c", KILLED_WRITER, str(copy)], check=True)
            else:
                add_number(copy, number)
            raise StopHereError
    assert numbers(warehouse.parent / "failed" / "regulars.duckdb") == [1, 3]


def test_a_success_clears_the_last_failure_away(warehouse):
    with pytest.raises(StopHereError), staged_warehouse(warehouse):
        raise StopHereError
    with staged_warehouse(warehouse):
        pass
    assert names(warehouse.parent) == ["regulars.duckdb"]


def test_a_step_that_breaks_its_copy_has_failed(warehouse):
    before = warehouse.read_bytes()
    with pytest.raises(WarehouseError), staged_warehouse(warehouse) as copy:
        copy.write_text("no longer DuckDB " * 1000)
    assert warehouse.read_bytes() == before


def test_the_error_of_a_step_is_not_hidden_by_the_loss_of_its_copy(warehouse):
    with pytest.raises(StopHereError), staged_warehouse(warehouse) as copy:
        copy.unlink()
        copy.parent.rmdir()
        raise StopHereError


def test_an_interrupted_step_leaves_nothing_behind(warehouse):
    before = warehouse.read_bytes()
    with pytest.raises(KeyboardInterrupt), staged_warehouse(warehouse) as copy:
        add_number(copy, 2)
        raise KeyboardInterrupt
    assert warehouse.read_bytes() == before
    assert names(warehouse.parent) == ["regulars.duckdb"]


def test_what_killed_steps_left_is_cleared_away(warehouse):
    """Also half a copy, which is no database: the step was killed while it copied."""
    stale = warehouse.parent / ".stage" / "regulars.duckdb"
    stale.parent.mkdir()
    stale.write_bytes(warehouse.read_bytes()[:5_000])
    (stale.parent / "left.tmp").write_text("left")
    with staged_warehouse(warehouse) as copy:
        assert names(copy.parent) == ["regulars.duckdb"]
        assert copy.read_bytes() == warehouse.read_bytes()


def test_the_copy_has_what_a_killed_writer_had_written(warehouse):
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(warehouse)], check=True)
    with staged_warehouse(warehouse) as copy:
        assert numbers(copy) == [1, 666]


# A run of several steps


def test_a_run_makes_one_copy_and_swaps_it_in_after_its_last_writing_step(warehouse, monkeypatch):
    copies = []
    monkeypatch.setattr(
        staging, "copy_file", lambda source, target: (copies.append(1), copy_file(source, target))
    )
    run = WritingRun(warehouse)
    steps = ["load", "dbt", "fit"]
    for number, step in enumerate(steps, 2):
        with run.step_on_copy(step, steps) as copy:
            add_number(copy, number)
            assert numbers(warehouse) == [1]
    assert numbers(warehouse) == [1, 2, 3, 4]
    assert copies == [1]


def test_after_a_failed_step_nothing_of_the_run_is_written(warehouse):
    before = warehouse.read_bytes()
    run, steps = WritingRun(warehouse), ["load", "fit", "dbt"]
    with run.step_on_copy("load", steps) as copy:
        add_number(copy, 2)
    with pytest.raises(StopHereError), run.step_on_copy("fit", steps):
        raise StopHereError
    with (
        pytest.raises(StepNotRunError, match="dbt was not run, since fit failed"),
        run.step_on_copy("dbt", steps),
    ):
        pass
    assert warehouse.read_bytes() == before
    assert numbers(warehouse.parent / "failed" / "regulars.duckdb") == [1, 2]


def test_a_run_that_ends_before_its_last_step_leaves_the_warehouse(warehouse):
    run = WritingRun(warehouse)
    with run.step_on_copy("load", ["load", "never"]) as copy:
        add_number(copy, 2)
    run.abandon()
    assert numbers(warehouse) == [1]
    assert names(warehouse.parent) == ["failed", "regulars.duckdb"]


def test_what_another_program_wrote_meanwhile_is_not_lost(warehouse):
    """A program that knows nothing of the lock, like the DuckDB command line."""
    with (
        pytest.raises(WarehouseError, match=r"was changed by another program .* Run this again"),
        staged_warehouse(warehouse) as copy,
    ):
        add_number(copy, 2)
        add_number(warehouse, 667)
    assert numbers(warehouse) == [1, 667]
    assert numbers(warehouse.parent / "failed" / "regulars.duckdb") == [1, 2]


def test_what_another_program_wrote_before_it_was_killed_is_not_lost(warehouse):
    """It lies in a log beside the file, which itself is still the one that was copied."""
    with pytest.raises(WarehouseError, match="was changed"), staged_warehouse(warehouse) as copy:
        add_number(copy, 2)
        subprocess.run([sys.executable, "-c", KILLED_WRITER, str(warehouse)], check=True)
    assert numbers(warehouse) == [1, 666]


def test_another_file_put_in_the_place_meanwhile_is_not_lost(warehouse):
    with pytest.raises(WarehouseError, match="was changed"), staged_warehouse(warehouse):
        other = warehouse.with_name("other.duckdb")
        other.write_bytes(warehouse.read_bytes())
        add_number(other, 3)
        other.replace(warehouse)
    assert numbers(warehouse) == [1, 3]


def test_a_look_at_the_warehouse_meanwhile_changes_nothing(warehouse):
    with staged_warehouse(warehouse) as copy:
        add_number(copy, 2)
        with duckdb.connect(str(warehouse)) as connection:  # for writing, but nothing is written
            assert connection.execute("select n from numbers").fetchall() == [(1,)]
    assert numbers(warehouse) == [1, 2]


def test_a_reader_of_the_warehouse_is_not_in_the_way(warehouse):
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, duckdb\n"
            "c = duckdb.connect(sys.argv[1], read_only=True)\n"
            "print('open', flush=True)\n"
            "sys.stdin.read()\n"
            "print(c.execute('select count(*) from numbers').fetchall()[0][0])\n",
            str(warehouse),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "open\n"
    with staged_warehouse(warehouse) as copy:
        add_number(copy, 2)
    assert numbers(warehouse) == [1, 2]
    assert reader.communicate(timeout=30)[0] == "1\n"  # its file is the former one


def test_without_a_warehouse_a_run_begins_one_and_a_failed_run_none(tmp_path):
    path = tmp_path / "regulars.duckdb"
    with pytest.raises(StopHereError), staged_warehouse(path):
        raise StopHereError
    assert not path.exists()
    with staged_warehouse(path) as new, duckdb.connect(str(new)) as connection:
        connection.execute("create table numbers as select 5 as n")
    assert numbers(path) == [5]


def test_a_single_transaction_works_in_place_and_begins_no_warehouse(warehouse, tmp_path):
    with WritingRun(warehouse).step_in_place() as path:
        assert path == warehouse
    nowhere = tmp_path / "nowhere" / "regulars.duckdb"
    with (
        pytest.raises(WarehouseError, match=r"no warehouse at .*; run `regulars build` first"),
        WritingRun(nowhere).step_in_place(),
    ):
        pass
    assert not nowhere.parent.exists()


def test_a_copy_for_which_there_is_no_room_leaves_no_part_of_it(warehouse, monkeypatch):
    def no_room(source, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging, "copy_file", no_room)
    with pytest.raises(OSError, match="No space left"), staged_warehouse(warehouse):
        pass
    assert names(warehouse.parent) == ["regulars.duckdb"]


def test_a_copied_file_is_the_same_to_the_byte(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 5_000)
    copy_file(source, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


@pytest.fixture
def sharing_disk(tmp_path):
    """A small disk whose file system can share blocks between files."""
    image, place = tmp_path / "disk", tmp_path / "mounted"
    place.mkdir()
    with image.open("wb") as stream:
        stream.truncate(256 << 20)
    try:
        subprocess.run(["mkfs.btrfs", "-q", str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no btrfs can be made and mounted here: {error}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_copy_takes_no_room_where_files_can_share_blocks(sharing_disk):
    source, target = sharing_disk / "regulars.duckdb", sharing_disk / "copy.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute("create table numbers as select hash(n) as n from range(5_000_000) t(n)")
    os.sync()
    before = os.statvfs(sharing_disk)
    copy_file(source, target)
    os.sync()
    taken = (before.f_bavail - os.statvfs(sharing_disk).f_bavail) * before.f_frsize
    assert source.stat().st_size > 20_000_000
    assert taken < source.stat().st_size / 10
    assert target.read_bytes() == source.read_bytes()
