"""The warehouse's lock: one writer, whichever program it is, and no lock that needs hands."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from orchestration.errors import WarehouseLockedError
from orchestration.locking import TOKEN_VARIABLE, hold_lock, read_holder

# Takes the lock of the warehouse named, says so, and holds it until its input is closed.
HOLDER = """
import sys
from pathlib import Path
from orchestration.locking import hold_lock
with hold_lock(Path(sys.argv[1]), "regulars build"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def warehouse(tmp_path):
    return tmp_path / "regulars.duckdb"


@contextmanager
def held_by_another_process(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def test_who_comes_second_is_told_who_holds_it_and_since_when(warehouse):
    with held_by_another_process(warehouse) as process:
        with pytest.raises(WarehouseLockedError) as caught, hold_lock(warehouse):
            pass
        assert f"regulars build (process {process.pid}, since 20" in str(caught.value)
        assert "REGULARS_WAREHOUSE" in str(caught.value)
    with hold_lock(warehouse):
        pass


def test_a_killed_holder_leaves_no_lock_behind(warehouse):
    with held_by_another_process(warehouse) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
        with hold_lock(warehouse, "the next"):
            assert read_holder(warehouse.parent).program == "the next"


def test_within_a_process_a_step_works_under_the_lock_of_its_command(warehouse):
    with hold_lock(warehouse, "a command"):
        with hold_lock(warehouse, "its step") as holder:
            assert holder.program == "a command"
        stranger = subprocess.run(
            [sys.executable, "-c", HOLDER, str(warehouse)],
            check=False,
            env={"PATH": "/usr/bin:/bin"},  # who was not handed the token
            capture_output=True,
            input="",
            text=True,
        )
        assert stranger.returncode == 1
        assert "is being written to by a command (process" in stranger.stderr


def test_a_process_that_the_holder_starts_works_under_its_lock(warehouse):
    """On the copy in the stage, too."""
    copy = warehouse.parent / ".stage" / warehouse.name
    with hold_lock(warehouse, "a build"):
        for path in (warehouse, copy):
            done = subprocess.run(
                [sys.executable, "-c", HOLDER, str(path)],
                capture_output=True,
                input="",
                text=True,
                check=False,
            )
            assert done.stdout == "held\n", done.stderr


def test_a_token_of_another_holder_opens_nothing(warehouse, monkeypatch):
    with held_by_another_process(warehouse):
        monkeypatch.setenv(TOKEN_VARIABLE, "0" * 32)
        with pytest.raises(WarehouseLockedError), hold_lock(warehouse):
            pass


def test_a_lock_that_is_let_go_of_in_time_is_waited_for(warehouse):
    with held_by_another_process(warehouse) as process:
        process.stdin.close()
        with hold_lock(warehouse, patience=20.0):
            pass


def test_a_process_whose_starter_was_killed_works_under_no_lock(warehouse, monkeypatch):
    """Else it and the next writer would both go on."""
    with held_by_another_process(warehouse) as process:
        token = read_holder(warehouse.parent).token
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    with pytest.raises(WarehouseLockedError, match="has ended"), hold_lock(warehouse):
        pass


def test_a_lock_inside_of_another_one_leaves_that_one_its_token(warehouse, tmp_path):
    with hold_lock(warehouse) as outer:
        with hold_lock(tmp_path / "other" / "regulars.duckdb") as inner:
            assert os.environ[TOKEN_VARIABLE] == inner.token
        assert os.environ[TOKEN_VARIABLE] == outer.token
    assert TOKEN_VARIABLE not in os.environ
