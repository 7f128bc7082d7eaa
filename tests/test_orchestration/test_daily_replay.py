"""Fresh data daily: incremental and full refresh agree over 30 days with corrections."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import daily_replay
import duckdb
import pytest
from shops import PROJECT_DIR, Shop, generate_demo_shop
from time_travel import load_and_run

FIRST_DAY = date(2018, 7, 31)
LAST_NUMBER = 30
TABLES = (
    "features.customer_feature_snapshots",
    "features.customer_labels",
    "marts.label_rates",
    "marts.rfm_snapshots",
    "marts.rfm_migrations",
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """The shop whose days are replayed: its files as the last day knows them."""
    folder = tmp_path_factory.mktemp("replay")
    generate_demo_shop(folder / "data", order_count=2_500, seed=5)
    return Shop(folder / "data", folder)


def replay(shop, step):
    """Build every so many days, each time with all corrections that came since."""
    done = subprocess.run(
        [sys.executable, daily_replay.__file__, shop.data_dir, shop.folder, str(FIRST_DAY),
         str(LAST_NUMBER), str(step)],
        cwd=PROJECT_DIR, env=shop.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def differences(shop, fresh):
    connection = duckdb.connect()
    connection.execute(f"attach '{shop.warehouse}' as daily (read_only)")
    connection.execute(f"attach '{fresh.warehouse}' as fresh (read_only)")
    counts = {}
    for table in TABLES:
        ((rows, counts[table]),) = connection.execute(
            f"""
            select (select count(*) from fresh.{table}), count(*) from (
                (from daily.{table} except all from fresh.{table})
                union all
                (from fresh.{table} except all from daily.{table})
            )
            """
        ).fetchall()
        assert rows > 0, table
    connection.close()
    return counts


def test_every_kind_of_correction_changes_something(replayed):
    """So that the comparison below is one of changed rows."""
    connection = daily_replay.read_files(replayed.data_dir)
    for number, (description, statements) in sorted(daily_replay.CORRECTIONS.items()):
        counts = [connection.execute(part).fetchone()[0] for part in statements.split("; ")]
        assert max(counts) > 0, f"{number}: {description}"


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.long)])
def test_incremental_and_full_refresh_agree_row_for_row(replayed, step, tmp_path):
    shop = Shop(replayed.data_dir, tmp_path / "daily")
    shop.folder.mkdir()
    replay(shop, step)
    day = FIRST_DAY + timedelta(days=LAST_NUMBER)
    fresh = Shop(shop.folder / "files", tmp_path / "fresh")
    load_and_run(fresh, "--select", *daily_replay.SELECTED, REGULARS_AS_OF_DATE=str(day))
    assert differences(shop, fresh) == dict.fromkeys(TABLES, 0)


def test_a_row_that_nothing_changed_is_not_worked_out_again(demo, tmp_path):
    """The mark in it survives an incremental run, and not a full refresh."""
    shop = demo.copy_to(tmp_path)
    row = "where as_of_date = date '2018-05-01' and customer_id = (select min(customer_id) from {})"
    row = row.format("features.customer_feature_snapshots where as_of_date = date '2018-05-01'")
    with shop.open(read_only=False) as connection:
        connection.execute(f"update features.customer_feature_snapshots set item_count = 999 {row}")
    query = f"select item_count = 999 from features.customer_feature_snapshots {row}"
    for arguments, is_kept in (((), True), (("--full-refresh",), False)):
        shop.run("dbt", "run", *arguments, "--select", "features")
        assert shop.rows(query) == [(is_kept,)]
