"""Commands that cannot come to their end: a full disk, Ctrl-C. Nothing is lost or left."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_shops import ShopWithoutFiles
from raw_files import ORDERS
from shops import BIN, Shop, generate_demo_shop
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.cli.progress import show_progress
from orchestration.cli.standing import is_full_disk
from orchestration.demo_shop import is_demo_shop, make_demo_shop
from orchestration.errors import RegularsError
from orchestration.loading.tables import default_source
from orchestration.sources import demo_of

MEGABYTE = 1_000_000


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[Path]:
    """A file system of this size; the test is skipped where one may not be mounted."""
    folder.mkdir()
    size = f"size={round(megabytes * MEGABYTE)}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small disk here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def used(folder: Path) -> int:
    state = os.statvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    generate_demo_shop(folder, order_count=3_000, seed=3)
    return folder


@pytest.mark.parametrize(
    ("megabytes", "is_generated", "doing"),
    [
        # The history of Dagster takes some 0.8 MB, the demo shop 4 MB, the warehouse 3 MB.
        (0.4, False, "reading the project"),
        (2.0, False, "loading the files"),
        (2.0, True, "loading the files"),
    ],
)
def test_a_disk_that_is_full_at_the_first_load_is_left_without_half_a_shop_or_warehouse(
    files, tmp_path, megabytes, is_generated, doing
):
    with small_disk(tmp_path / "disk", megabytes) as disk:
        kind = ShopWithoutFiles if is_generated else Shop
        shop = kind(files, disk / "warehouse")
        done = shop.run("regulars", "load", check=False, REGULARS_DEMO_ORDERS="3000")
        message = done.stderr.splitlines()[-1]
        assert done.returncode == 1
        assert f"no space left on the disk of {shop.folder} while {doing}; " in message
        assert "; no warehouse was made; free about " in message
        assert message.endswith(" MB and run the command again")
        assert "Traceback" not in done.stderr
        assert not shop.warehouse.exists()
        left = {path.name for path in shop.folder.iterdir()}
        assert left <= {".regulars.lock", "build.log", "dagster"}
        assert used(disk) < MEGABYTE  # the log, and the history of runs


@pytest.mark.parametrize("command", ["score", "publish"])
def test_a_full_disk_leaves_the_warehouse_and_the_published_copy_as_they_were(
    demo, tmp_path, command
):
    """A shop that was built where there was room; some megabytes are left."""
    size = demo.warehouse.stat().st_size
    with small_disk(tmp_path / "disk", size / MEGABYTE + 4) as disk:
        shop = demo.copy_to(disk / "warehouse")
        published = shop.folder / "published" / "regulars.duckdb"
        published.parent.mkdir()
        published.write_bytes(b"a former copy")
        before = shop.warehouse.read_bytes()
        done = shop.run("regulars", command, check=False)
        assert done.returncode == 1
        message = done.stderr.splitlines()[-1]
        assert "no space left on the disk" in message
        assert "; the warehouse and the published copy are as they were; free about " in message
        assert shop.warehouse.read_bytes() == before
        assert published.read_bytes() == b"a former copy"
        # No copy, no failed attempt; Dagster's history of the run is some 2.4 MB.
        left = {path.name for path in shop.folder.iterdir()}
        assert left == {"regulars.duckdb", "published", "dagster", "build.log", ".regulars.lock"}
        assert [path.name for path in published.parent.iterdir()] == [published.name]


# Presses Ctrl-C as soon as one of the raw files is loaded.
STOPPED_LOAD = """
import os, signal, sys
from orchestration.cli import main
from orchestration.loading import load

whole_load = load.load_csv

def load_and_stop(*values, **named):
    whole_load(*values, **named)
    os.kill(os.getpid(), signal.SIGINT)

load.load_csv = load_and_stop
sys.argv = ["regulars", "load"]
main()
"""


def test_ctrl_c_ends_with_a_sentence_and_code_130_and_leaves_what_was_there(demo, files, tmp_path):
    shop = demo.copy_to(tmp_path / "warehouse")
    before = shop.warehouse.read_bytes()
    done = subprocess.run(
        [BIN / "python", "-c", STOPPED_LOAD],
        env=Shop(files, shop.folder).environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1].startswith("Stopped while loading the files.")
    assert "Traceback" not in done.stderr
    assert shop.warehouse.read_bytes() == before
    assert not (shop.folder / ".stage").exists()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_demo_shop_that_is_not_finished_leaves_the_folder_as_it_was(
    tmp_path, monkeypatch, error, is_there
):
    out = tmp_path / "shops" / "mine"
    if is_there:
        make_demo_shop(out, source=default_source(), order_count=100, seed=1)
        (out / "notes.txt").write_text("of my own")
    before = contents(tmp_path)

    def generate_half(folder: Path, **_: object) -> None:
        (folder / f"{ORDERS}.csv").write_text("half a shop")
        raise error

    monkeypatch.setattr(demo_of(default_source()), "generate_demo_shop", generate_half)
    done = CliRunner().invoke(app, ["demo", "--orders", "100", "--out", str(out)])
    assert contents(tmp_path) == before
    outcome = f"{out} is as it was" if is_there else "nothing of it is left"
    if isinstance(error, OSError):
        assert isinstance(done.exception, RegularsError)
        assert str(done.exception).endswith(f"(No space left); {outcome}")
    else:
        assert done.exit_code == 130
        assert f"Stopped while generating the demo shop; {outcome}." in " ".join(
            done.output.split()
        )


def test_a_demo_shop_that_is_stopped_while_it_is_put_in_place_is_whole(tmp_path, monkeypatch):
    out, place, calls = tmp_path / "mine", Path.replace, []
    make_demo_shop(out, source=default_source(), order_count=100, seed=1)

    def stop_at_the_third(path: Path, target: Path) -> Path:
        calls.extend([path] if target.parent == out else [])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return place(path, target)

    monkeypatch.setattr(Path, "replace", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        make_demo_shop(out, source=default_source(), order_count=120, seed=2)
    assert is_demo_shop(out, source=default_source(), order_count=120, seed=2)
    monkeypatch.undo()
    make_demo_shop(tmp_path / "whole", source=default_source(), order_count=120, seed=2)
    assert contents(out) == contents(tmp_path / "whole")


def test_ctrl_c_is_not_lost_where_the_handler_of_the_signal_raises_nothing():
    """As where Python is collecting garbage; then the next piece of work ends the command."""
    former = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with show_progress() as progress:
            progress.begin("load", 2)
            progress.advance("one")
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                progress.advance("two")
    finally:
        signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", True),
        ("IO Error: Could not write all bytes to file: No space left on device", True),
        ("sqlite3.OperationalError: database or disk is full", True),
        ("OSError: [Errno 122] Disk quota exceeded", True),
        ("failed to offload data block (limit was set by the 'max_temp_directory_size')", True),
        ("Catalog Error: Table with name orders does not exist", False),
    ],
)
def test_every_way_of_saying_that_a_disk_is_full_is_understood(text, expected):
    assert is_full_disk(text) is expected
