"""The whole way from files to readers: the same each time, and safe when it fails or is killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from raw_files import PAYMENTS
from shops import BIN, PROJECT_DIR, Shop, append_rows, compare_marts

from orchestration.loading.tables import default_source

# Steps of every kind, and the shortest command that gets there.
STEPS = [
    ("load", "load"),
    ("dbt (", "build"),
    ("study", "fit"),
    ("fit gmm", "fit"),
    ("fit churn", "fit"),
    ("champions", "fit"),
    ("dbt (", "score"),
    ("publish", "publish"),
    ("report", "report"),
]


def published_rows(shop: Shop) -> list[tuple[object, ...]]:
    """What a reader of the published copy gets, from both of its forms."""
    published = shop.folder / "published"
    connection = duckdb.connect(str(published / "regulars.duckdb"), read_only=True)
    try:
        query = "select count(*), sum(monetary_amount), min(as_of_date) from {}"
        rows = connection.execute(query.format("marts.customer_rfm")).fetchall()
        parquet = str(published / "parquet" / "customer_rfm.parquet")
        rows += connection.execute(query.format(f"read_parquet('{parquet}')")).fetchall()
    finally:
        connection.close()
    return rows


def with_published(demo: Shop, folder: Path) -> Shop:
    """A copy of a built shop with all that was made beside its warehouse."""
    shutil.copytree(demo.folder, folder, symlinks=True, dirs_exist_ok=True)
    return Shop(demo.data_dir, folder)


def test_a_build_prints_what_there_is_now_and_where_the_report_is(demo_build):
    shop, text = demo_build
    text = " ".join(text.split())  # a long path breaks its line where it must
    for expected in (
        "as of 2018-08-30", "Customers", "Repeat share", "ROC AUC", "silhouette", "none failed",
        str(shop.folder / "site" / "index.html"), str(shop.folder / "published"),
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.long
def test_a_build_as_of_an_early_date_has_no_churn_scores_and_back_gives_the_first_marts_again(
    demo, tmp_path
):
    """Meanwhile a reader holds the published file open: it blocks nothing and keeps its copy."""
    shop = with_published(demo, tmp_path)
    with reader_of(shop) as still_read:
        shop.run("regulars", "build", "--as-of", "2017-06-01")
        assert still_read() == "2018-08-30"
    assert str(published_rows(shop)[0][2]) == "2017-06-01"  # a new reader's
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) != {0}
    ((latest,),) = shop.rows("select max(as_of_date) from features.customer_feature_snapshots")
    assert str(latest) == "2017-06-01"
    # Too little history for churn, enough for segments; and that is said.
    assert shop.rows("select count(*) from marts.customer_churn_scores") == [(0,)]
    ((status, verdict),) = shop.rows("select status, verdict from marts.churn_verdict")
    assert status == "not_eligible"
    assert str(verdict).startswith("No churn model could be fitted: ")
    assert shop.rows("select count(*) > 100 from marts.customer_segments") == [(True,)]
    shop.run("regulars", "build")
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) == {0}


@contextmanager
def reader_of(shop: Shop) -> Iterator[Callable[[], str]]:
    """Another process with the published file open; the call asks it what it reads by now."""
    path = str(shop.folder / "published" / "regulars.duckdb")
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys\n"
            f"c = duckdb.connect({path!r}, read_only=True)\n"
            "q = 'select max(as_of_date) from marts.customer_rfm'\n"
            "print(c.execute(q).fetchall()[0][0], flush=True)\n"
            "for line in sys.stdin:\n"
            "    print(c.execute(q).fetchall()[0][0], flush=True)\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stdin, stdout = reader.stdin, reader.stdout
    assert stdin is not None
    assert stdout is not None

    def read() -> str:
        stdin.write("now?\n")
        stdin.flush()
        return stdout.readline().strip()

    try:
        assert stdout.readline().strip() == "2018-08-30"
        yield read
    finally:
        stdin.close()
        reader.wait(30)
        stdout.close()


def test_an_impossible_as_of_date_is_refused_in_a_sentence(demo, tmp_path):
    shop = with_published(demo, tmp_path)
    before = published_rows(shop)
    done = shop.run("regulars", "build", "--as-of", "2018-02-30", check=False)
    assert done.returncode == 1
    assert "as_of_date must be a day of the calendar, got '2018-02-30'" in done.stderr
    assert published_rows(shop) == before


@pytest.mark.parametrize("value", ["yesterday", "2016-12-01"])
def test_dbt_alone_refuses_an_impossible_as_of_date(demo, tmp_path, value):
    shop = demo.copy_to(tmp_path)
    done = shop.run("dbt", "run", "--select", "as_of_dates", check=False, REGULARS_AS_OF_DATE=value)
    assert done.returncode != 0
    assert "as_of_date must" in done.stdout
    assert value in done.stdout


def test_a_failed_load_leaves_warehouse_and_published_copy_as_they_were(demo, tmp_path):
    shop = with_published(demo, tmp_path / "warehouse")
    data = tmp_path / "data"
    shutil.copytree(demo.data_dir, data)
    append_rows(
        data,
        PAYMENTS,
        [{"order_id": "x", "payment_sequential": "first", "payment_value": "1.00"}],
    )
    before = (shop.warehouse.read_bytes(), published_rows(shop))
    done = shop.run("regulars", "build", check=False, REGULARS_DATA_DIR=str(data))
    assert done.returncode == 1
    for expected in (f"{PAYMENTS}.csv", "payment_sequential", "'first'", "line"):
        assert expected in done.stderr
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) == {0}
    assert published_rows(shop) == before[1]


def test_a_failed_dbt_test_leaves_warehouse_and_published_copy_as_they_were(demo, tmp_path):
    """An order that is there twice, which no load lets in: somebody wrote into the raw table."""
    shop = with_published(demo, tmp_path)
    with shop.open(read_only=False) as connection:
        connection.execute("insert into raw.orders from raw.orders limit 1")
    before = published_rows(shop)
    done = shop.run("regulars", "build", check=False)
    assert done.returncode == 1
    assert f"unique_{default_source()}_orders_order_id" in " ".join(done.stderr.split())
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) == {0}
    assert published_rows(shop) == before
    assert (shop.folder / "failed" / "regulars.duckdb").exists()


def kill_at(shop: Shop, step: str, command: str) -> None:
    """Start a command and kill it with SIGKILL shortly after a step has begun."""
    build = subprocess.Popen(
        [str(BIN / "regulars"), command],
        cwd=PROJECT_DIR,
        env=shop.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert build.stderr is not None
    watchdog = threading.Timer(300, build.kill)
    watchdog.start()
    try:
        for line in build.stderr:
            if line.startswith(step):
                time.sleep(0.4 if step.startswith("dbt") else 0.05)
                break
        else:
            pytest.fail(f"the build never began {step!r}")
        build.send_signal(signal.SIGKILL)
        assert build.wait(120) == -signal.SIGKILL
    finally:
        watchdog.cancel()
        build.stderr.close()


def test_a_killed_build_leaves_the_published_copy_and_the_warehouse_to_the_next_command(
    demo, tmp_path
):
    shop = with_published(demo, tmp_path)
    before = published_rows(shop)
    for step, command in (("dbt (", "build"), ("publish", "publish")):
        kill_at(shop, step, command)
        assert published_rows(shop) == before, step
    shop.run("regulars", "publish")
    assert published_rows(shop) == before
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) == {0}


@pytest.mark.long
def test_a_build_killed_at_any_step_leaves_the_published_copy_and_the_next_build_succeeds(
    demo, tmp_path
):
    shop = with_published(demo, tmp_path)
    before = published_rows(shop)
    for step, command in STEPS:
        kill_at(shop, step, command)
        assert published_rows(shop) == before, step
        assert (shop.folder / "site" / "index.html").read_text().count("</html>") == 1
    shop.run("regulars", "build")
    assert published_rows(shop) == before
    assert set(compare_marts(demo.warehouse, shop.warehouse).values()) == {0}
    assert not (shop.folder / ".stage").exists()


def test_a_build_waits_for_a_warehouse_that_another_process_lets_go_of(demo, tmp_path):
    shop = with_published(demo, tmp_path)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, time\n"
            f"c = duckdb.connect({str(shop.warehouse)!r})\n"
            "print('held', flush=True)\n"
            "time.sleep(4)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    shop.run("regulars", "publish")
    holder.wait(30)
