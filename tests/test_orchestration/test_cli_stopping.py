"""Commands that cannot come to their end: a full disk, Ctrl-C. Nothing is lost or left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shops import BIN, Shop

from ml.demo import generate_demo_shop
from orchestration.cli.standing import is_full_disk

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
    generate_demo_shop(folder, order_count=2_000, seed=3)
    return folder


def test_a_disk_that_is_full_while_the_demo_shop_or_the_warehouse_is_made_is_left_empty(
    files, tmp_path
):
    for name, settings in (
        ("demo", {"REGULARS_DATA_DIR": "", "REGULARS_DEMO_ORDERS": "3000"}),
        ("load", {}),
    ):
        settings["DBT_TARGET_PATH"] = str(tmp_path / "target")
        with small_disk(tmp_path / name, 0.6) as disk:
            shop = Shop(files, disk / "warehouse")
            done = shop.run(
                "regulars",
                "load",
                check=False,
                **settings,
                DBT_TARGET_PATH=str(tmp_path / "target"),
            )
            said = done.stderr.splitlines()[-1]
            assert done.returncode == 1
            assert f"no space left on the disk of {shop.folder} while loading the files" in said
            assert "no warehouse was made; free about " in said
            assert said.endswith(" MB and run the command again")
            assert "Traceback" not in done.stderr
            assert used(disk) < 50_000  # the log


def test_a_disk_that_is_full_leaves_the_warehouse_and_the_published_copy_as_they_were(
    files, tmp_path
):
    """Loaded and published on a disk with room; then files that it has no room for."""
    with small_disk(tmp_path / "disk", 12) as disk:
        shop = Shop(files, disk / "warehouse")
        elsewhere = {"DBT_TARGET_PATH": str(tmp_path / "target")}
        shop.run("regulars", "load", **elsewhere)
        (shop.folder / "published").mkdir()
        published = shop.folder / "published" / "regulars.duckdb"
        published.write_bytes(shop.warehouse.read_bytes()[:100_000])
        room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "ballast").write_bytes(b"x" * (room - 200_000))
        before = {path: path.read_bytes() for path in (shop.warehouse, published)}
        filled = used(disk)
        larger = tmp_path / "larger"
        generate_demo_shop(larger, order_count=4_000, seed=4)
        done = Shop(larger, shop.folder).run("regulars", "load", check=False, **elsewhere)
        said = done.stderr.splitlines()[-1]
        assert done.returncode == 1
        assert "no space left on the disk" in said
        assert "the warehouse and the published copy are as they were" in said
        assert {path: path.read_bytes() for path in before} == before
        assert used(disk) < filled + 50_000
        assert shop.rows("select count(*) from raw.orders") == [(2_000,)]
        (disk / "ballast").unlink()
        Shop(larger, shop.folder).run("regulars", "load", **elsewhere)
        assert shop.rows("select count(*) from raw.orders") == [(4_000,)]


def test_ctrl_c_ends_with_a_sentence_and_code_130_and_leaves_what_was_there(files, tmp_path):
    """Pressed while the raw files are loaded over those of another shop."""
    shop = Shop(files, tmp_path / "warehouse")
    shop.run("regulars", "load")
    larger = tmp_path / "larger"
    generate_demo_shop(larger, order_count=40_000, seed=4)
    before = shop.warehouse.read_bytes()
    command = subprocess.Popen(
        [BIN / "regulars", "load"],
        env=Shop(larger, shop.folder).environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert command.stderr is not None
    said = []
    for line in command.stderr:
        said.append(line)
        if line.startswith("load ..."):
            time.sleep(0.3)
            os.killpg(command.pid, signal.SIGINT)  # as a terminal does it
            break
    said += command.stderr.readlines()
    assert command.wait(60) == 130, said
    assert said[-1].startswith("Stopped while loading the files.")
    assert "Traceback" not in "".join(said)
    assert shop.warehouse.read_bytes() == before
    assert {path.name for path in shop.folder.iterdir()} <= {
        ".regulars.lock", "build.log", "regulars.duckdb", "target",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", True),
        ("IO Error: Could not write all bytes to file: No space left on device", True),
        ("sqlite3.OperationalError: database or disk is full", True),
        ("OSError: [Errno 122] Disk quota exceeded", True),
        ("failed to offload data block (limit was set by the 'max_temp_directory_size')", True),
        ("Catalog Error: Table with name orders does not exist", False),
    ],
)
def test_every_way_of_saying_that_a_disk_is_full_is_understood(said, expected):
    assert is_full_disk(said) is expected
