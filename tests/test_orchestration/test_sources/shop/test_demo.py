"""The demo of one flat file is reproducible, and is made whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import orchestration.sources.shop.demo as demo_module
from orchestration.sources.shop.demo import SCENARIOS, find_scenario, generate_demo_shop

PROJECT_DIR = Path(__file__).resolve().parents[4]
TRUTH = ("customers", "habits", "orders", "pairs", "products", "returns", "shop", "tastes")
FILES = {
    "order_lines.csv",
    "shop.yml",
    "truth/README.md",
    *(f"truth/{name}.parquet" for name in TRUTH),
}


def bytes_by_name(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(connection, query):
    return connection.execute(query).fetchall()


# The same seed gives the same shop


def test_the_same_seed_gives_the_same_bytes_in_every_file(tmp_path):
    generate_demo_shop(tmp_path / "one", order_count=300, seed=5)
    generate_demo_shop(tmp_path / "two", order_count=300, seed=5)
    one, two = bytes_by_name(tmp_path / "one"), bytes_by_name(tmp_path / "two")
    assert set(one) == FILES
    assert one == two


def test_another_seed_gives_another_shop_with_the_same_mapping(tmp_path):
    generate_demo_shop(tmp_path / "one", order_count=300, seed=5)
    generate_demo_shop(tmp_path / "two", order_count=300, seed=6)
    one, two = bytes_by_name(tmp_path / "one"), bytes_by_name(tmp_path / "two")
    assert {name for name in one if one[name] == two[name]} == {
        "shop.yml", "truth/README.md",
    }  # fmt: skip


@pytest.mark.parametrize("order_count", [100, 101, 777, 33_000])
def test_there_are_exactly_as_many_orders_as_asked_for(tmp_path, order_count):
    generate_demo_shop(tmp_path, order_count=order_count, seed=3)
    ((sales, lines),) = rows(
        duckdb,
        "select count(distinct order_id) filter (cast(quantity as integer) > 0), count(*) "
        f"from read_csv('{tmp_path}/order_lines.csv', all_varchar = true)",
    )
    assert sales == order_count
    ((row_count,),) = rows(duckdb, f"select row_count from '{tmp_path}/truth/shop.parquet'")
    assert row_count == lines


def test_progress_goes_up_to_the_last_order_in_small_steps(tmp_path):
    updates = []
    generate_demo_shop(
        tmp_path,
        order_count=70_000,
        seed=5,
        progress=lambda done, total: updates.append((done, total)),
    )
    done = [count for count, _ in updates]
    assert done == sorted(done)
    assert updates[-1] == (70_000, 70_000)
    assert {total for _, total in updates} == {70_000}
    assert len(set(done)) >= 6


# What is asked for must make sense, and a failure leaves nothing behind


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"order_count": 99}, r"order_count must be at least 100, got 99$"),
        ({"seed": -3}, r"seed must be 0 or more, got -3$"),
        ({"scenario": "loyal"}, r"scenario must be one of loyal_shop, .*, got 'loyal'; choose"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_value(tmp_path, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        generate_demo_shop(tmp_path / "shop", **settings)
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("error", [OSError("disk is full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["draw_baskets", "write_truth"])
def test_a_failed_or_interrupted_generation_leaves_the_former_files(
    tmp_path, monkeypatch, step, error
):
    generate_demo_shop(tmp_path, order_count=200, seed=1)
    (tmp_path / "notes.txt").write_text("mine")
    before = bytes_by_name(tmp_path)

    def fail(*_arguments):
        raise error

    monkeypatch.setattr(demo_module, step, fail)
    with pytest.raises(type(error)):
        generate_demo_shop(tmp_path, order_count=200, seed=2)
    assert bytes_by_name(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == {
        "notes.txt", "order_lines.csv", "shop.yml", "truth",
    }  # fmt: skip


def test_ctrl_c_while_the_file_is_written_leaves_a_new_folder_empty(tmp_path):
    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_demo_shop(tmp_path / "shop", order_count=200, seed=2, progress=stop)
    assert list((tmp_path / "shop").iterdir()) == []


def test_what_a_killed_generation_left_is_cleared_by_the_next(tmp_path):
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "order_lines.csv").write_text("half a f")
    generate_demo_shop(tmp_path, order_count=200, seed=1)
    assert set(bytes_by_name(tmp_path)) == FILES
    assert not (tmp_path / ".partial").exists()


def test_a_row_of_the_file_takes_some_hundred_bytes_of_memory(tmp_path):
    # Some 110, truth included, beside 25 MB for the chunks that are at work; in its own process.
    script = """
import sys, tracemalloc
from pathlib import Path
import pyarrow
from orchestration.sources.shop.demo import generate_demo_shop
tracemalloc.start()
generate_demo_shop(Path(sys.argv[1]), order_count=150_000, seed=1)
print(tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    ((row_count,),) = rows(duckdb, f"select row_count from '{tmp_path}/truth/shop.parquet'")
    assert int(done.stdout) < 50_000_000 + 130 * row_count


def test_every_scenario_can_be_found_by_its_name():
    assert all(find_scenario(name) == scenario for name, scenario in SCENARIOS.items())


@pytest.mark.parametrize(
    ("setting", "value", "max_customers_orders"),
    [
        ("guest_share", 0.0, 200),
        ("guest_share", 1.0, 0),
        ("pair_count", 9_999, 176),
        ("taste_count", 14, 176),
    ],
)
def test_a_scenario_may_go_to_its_bounds(
    tmp_path, monkeypatch, setting, value, max_customers_orders
):
    described = replace(SCENARIOS["loyal_shop"], **{setting: value})
    monkeypatch.setitem(SCENARIOS, "mine", described)
    generate_demo_shop(tmp_path, order_count=200, seed=1, scenario="mine")
    ((orders, of_customers),) = rows(
        duckdb, f"select count(*), count(customer_id) from '{tmp_path}/truth/orders.parquet'"
    )
    assert orders == 200
    # Nobody's orders are cut off: where the next customer has more than are left, guests have them.
    assert max_customers_orders - 30 <= of_customers <= max_customers_orders
