"""Two programs that write to one warehouse: the second is told to wait, and nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from shops import BIN, PROJECT_DIR, Shop

from orchestration.locking import HOLDER_NAME

LATEST_FIT = "select max(trained_at) from ml.model_registry where purpose = 'segmentation'"


@pytest.fixture
def shop(demo: Shop, tmp_path) -> Shop:
    return demo.copy_to(tmp_path)


@contextmanager
def writing(shop: Shop, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A program that writes, stopped at the moment when it holds the lock, however fast it is."""
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        cwd=PROJECT_DIR,
        env=shop.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        give_up_at = time.monotonic() + 300
        while not (shop.folder / HOLDER_NAME).exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_while_dagster_builds_every_other_writer_is_refused_and_its_fits_are_kept(shop):
    """As it happened: `whole_build` in `dagster dev`, then `regulars build` on the same file."""
    before = shop.rows(LATEST_FIT)
    job = ("job", "execute", "-m", "orchestration.definitions", "-j", "whole_build")
    with writing(shop, "dagster", *job) as run:
        for command in (
            ("regulars", "build"),
            ("regulars", "models", "rollback", "--purpose", "churn"),
            ("dbt", "run", "--select", "build_info"),
            ("dbt", "seed"),
        ):
            done = shop.run(*command, check=False)
            assert done.returncode != 0, command
            message = " ".join((done.stdout + done.stderr).split())
            assert "is being written to by whole_build of Dagster (process" in message, message
            assert "since 20" in message
        run.send_signal(signal.SIGCONT)
        printed, _ = run.communicate(timeout=600)
        assert run.returncode == 0, printed[-2000:]
    assert shop.rows(LATEST_FIT) > before


def test_a_killed_writer_leaves_no_lock_that_needs_hands(shop):
    with writing(shop, "regulars", "fit", "--purpose", "segmentation") as command:
        done = shop.run("regulars", "publish", check=False)
        assert done.returncode == 1
        assert "regulars fit --purpose segmentation (process" in " ".join(done.stderr.split())
        command.send_signal(signal.SIGKILL)
        command.wait(30)
        shop.run("dbt", "run", "--select", "build_info")
        shop.run("regulars", "publish")


def test_a_bare_dbt_begins_no_warehouse_by_mistake(demo, tmp_path):
    nowhere = Shop(demo.data_dir, tmp_path / "nowhere")
    done = nowhere.run("dbt", "run", "--select", "build_info", check=False)
    assert done.returncode != 0
    assert "run `regulars load` first" in " ".join(done.stdout.split())
    assert not nowhere.warehouse.exists()


def test_a_bare_dbt_refuses_a_warehouse_whose_path_would_be_misread(demo, tmp_path):
    (tmp_path / "shop").mkdir()
    done = demo.run(
        "dbt", "run", "--select", "build_info", check=False,
        REGULARS_WAREHOUSE=str(tmp_path / "shop?x" / "regulars.duckdb"),
    )  # fmt: skip
    assert done.returncode != 0
    assert "the warehouse cannot be at" in " ".join(done.stdout.split())
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
