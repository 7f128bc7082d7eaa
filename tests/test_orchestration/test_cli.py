"""The command as people type it, and what it says when it cannot go on."""

from __future__ import annotations

import json

import pytest
from filelock import FileLock
from odd_shops import ShopWithoutFiles
from raw_files import ORDERS
from shops import Shop


@pytest.fixture
def empty(demo_files, tmp_path):
    """A shop with raw files and nothing built."""
    return Shop(demo_files, tmp_path)


def test_help_lists_every_step(empty):
    text = empty.run("regulars", "--help").stdout
    for command in ("build", "load", "fit", "score", "report", "publish", "demo"):
        assert f" {command} " in text


def test_a_second_command_on_the_same_warehouse_is_refused_at_once(empty):
    with FileLock(empty.folder / ".regulars.lock"):
        done = empty.run("regulars", "load", check=False)
    assert done.returncode == 1
    assert "regulars.duckdb is being written to by" in done.stderr


def test_a_setting_that_is_no_number_is_refused_by_its_name(empty):
    done = empty.run("regulars", "load", check=False, REGULARS_MAX_REJECTED_ROWS="some")
    assert done.returncode == 1
    assert "REGULARS_MAX_REJECTED_ROWS must be a whole number from 0, got 'some'" in done.stderr


def test_a_folder_that_does_not_exist_is_refused_with_what_to_do(empty, tmp_path):
    done = empty.run("regulars", "load", "--data-dir", str(tmp_path / "nowhere"), check=False)
    assert done.returncode == 1
    assert "nowhere does not exist" in done.stderr
    assert "REGULARS_DATA_DIR" in done.stderr


def test_steps_by_hand_come_in_order_and_say_what_is_missing(empty):
    """Publishing before anything was built names the step to take first."""
    empty.run("regulars", "load")
    assert empty.rows("select count(*) from raw.load_log") == [(9,)]
    for step, schema in (
        ("fit", "features"),
        ("score", "canonical"),
        ("report", "marts"),
        ("publish", "marts"),
    ):
        done = empty.run("regulars", step, check=False)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert f"has no tables in schema {schema} yet; run `regulars build` first" in line
    listed = empty.run("regulars", "models", "list")
    assert listed.stdout.splitlines() == ["There is no model yet; `regulars build` fits some."]
    for command in (("show", "any"), ("promote", "any"), ("rollback", "--purpose", "churn")):
        done = empty.run("regulars", "models", *command, check=False)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line == "Error: there is no model yet; `regulars build` fits some."


def test_the_demo_command_makes_the_shop_that_it_is_asked_for(empty, tmp_path):
    out = tmp_path / "shop"
    command = ("regulars", "demo", "--orders", "200", "--seed", "3", "--out", str(out))
    assert "200 orders" in empty.run(*command, "--scenario", "recency_only").stdout
    assert len(list(out.glob("*.csv"))) == 10
    assert json.loads((out / "made_with.json").read_text())["scenario"] == "recency_only"
    assert "early" in (out / "planted_truth.csv").read_text()
    done = empty.run(*command, "--scenario", "chaos", check=False)
    assert done.returncode != 0
    assert "recency_only" in done.stderr and "chaos" in done.stderr
    done = empty.run("regulars", "demo", "--orders", "5", "--out", str(out), check=False)
    assert done.returncode != 0
    assert "100" in done.stderr


def test_without_a_data_folder_the_demo_shop_is_generated_once(tmp_path):
    shop = ShopWithoutFiles(tmp_path, tmp_path)
    settings = {"REGULARS_DEMO_ORDERS": "300"}
    shop.run("regulars", "load", **settings)
    assert shop.rows("select count(*) from raw.orders") == [(300,)]
    made = (tmp_path / "demo" / f"{ORDERS}.csv").stat().st_mtime_ns
    shop.run("regulars", "load", **settings)
    assert (tmp_path / "demo" / f"{ORDERS}.csv").stat().st_mtime_ns == made
    assert shop.rows("select count(*) from raw.load_log") == [(9,)]  # nothing was loaded again
    # Another shop put there by hand is not taken for the one that is wanted.
    shop.run("regulars", "demo", "--orders", "200", "--seed", "1")
    shop.run("regulars", "load", **settings)
    assert shop.rows("select count(*) from raw.orders") == [(300,)]


def test_what_the_checks_refuse_is_not_published_by_hand_either(demo, tmp_path):
    """A figure too good to be true: a leak until proven otherwise."""
    shop = demo.copy_to(tmp_path)
    shop.run("regulars", "publish")
    published = tmp_path / "published" / "regulars.duckdb"
    before = published.read_bytes()
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update marts.model_quality set metric_value = 0.9 where metric_name = 'roc_auc'"
        )
    done = shop.run("regulars", "publish", check=False)
    assert done.returncode == 1
    assert "The check no_score_is_too_good_to_be_true failed" in done.stderr
    assert "0.9, at most 0.75" in done.stderr
    assert published.read_bytes() == before


def test_a_build_says_which_warnings_are_not_as_the_last_one_counted_them(demo_build, tmp_path):
    demo, _ = demo_build
    text = (demo.folder / "build.log").read_text()
    assert "things to know: marts.data_warnings" in text
    assert "Changed since the last build" not in text
    shop = demo.copy_to(tmp_path)
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update marts.data_warnings set row_count = row_count + 1 "
            "where warning_code = 'products_without_category'"
        )
    ((count,),) = demo.rows("select count(*) from raw.products where product_category_name is null")
    printed = shop.run("regulars", "score", "--verbose").stdout
    assert "Changed since the last build" in (tmp_path / "build.log").read_text()
    assert "1 changed since the last build" in printed
    changes = printed.partition("Changed since the last build")[2]
    rows = [line.split() for line in changes.partition("Time")[0].splitlines() if line.split()]
    assert rows[1:] == [["products", "without", "a", "category", f"{count + 1:,}", f"{count:,}"]]
