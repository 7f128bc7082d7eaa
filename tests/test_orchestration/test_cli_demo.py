"""`regulars demo` makes the shop of the layout and scenario asked for, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.demo_shop import LABEL, is_demo_shop, make_demo_shop
from orchestration.errors import RegularsError
from orchestration.loading.tables import default_source
from orchestration.sources import demo_layouts, demo_of, demo_sources

FLAT = ("--layout", "flat_lines")
OTHER = demo_layouts()["flat_lines"]


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(tmp_path / "warehouse" / "regulars.duckdb"))
    for name in ("REGULARS_SOURCE", "REGULARS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str):
    return CliRunner().invoke(app, ["demo", "--orders", "100", *arguments])


def printed_by(done) -> str:
    return " ".join(done.output.replace("│", " ").split())


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_generator_has_a_layout_of_its_own_and_a_default_scenario():
    layouts = demo_layouts()
    assert len(layouts) == len(demo_sources()) >= 2
    for source in layouts.values():
        module = demo_of(source)
        assert module.DEFAULT_SCENARIO in module.SCENARIOS
        assert module.find_scenario(module.DEFAULT_SCENARIO)


def test_a_layout_and_its_scenario_make_that_shop(tmp_path):
    out = tmp_path / "shop"
    done = run(*FLAT, "--scenario", "loyal_shop", "--seed", "3", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert f"100 orders in {out}" in printed_by(done)
    assert {"order_lines.csv", "shop.yml", "truth/customers.parquet", LABEL} <= names(out)
    label = json.loads((out / LABEL).read_text())
    assert (label["scenario"], label["seed"], label["orders"]) == ("loyal_shop", 3, 100)
    assert is_demo_shop(out, source=OTHER, order_count=100, seed=3)
    assert not is_demo_shop(out, source=default_source(), order_count=100, seed=3)


def test_without_a_scenario_a_layout_has_its_own_default(tmp_path):
    run(*FLAT, "--out", str(tmp_path))
    assert json.loads((tmp_path / LABEL).read_text())["scenario"] == "loyal_shop"


def test_a_layout_that_nobody_writes_is_refused_with_those_that_there_are(tmp_path):
    done = run("--layout", "flat", "--out", str(tmp_path / "shop"))
    assert done.exit_code == 2
    assert (
        "--layout: layout must be one of flat_lines, marketplace_tables, got 'flat'; choose one"
    ) in printed_by(done)
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--scenario", "loyal_shop"), "(it is one of --layout flat_lines)"),
        ((*FLAT, "--scenario", "one_time_buyers"), "(it is one of --layout marketplace_tables)"),
        ((*FLAT, "--scenario", "loyal"), "got 'loyal'; choose one of these, or describe yours"),
    ],
)
def test_a_scenario_of_another_layout_is_refused_and_the_layout_said(tmp_path, arguments, hint):
    done = run(*arguments, "--out", str(tmp_path / "shop"))
    assert done.exit_code == 2
    assert "--scenario: scenario must be one of " in printed_by(done)
    assert hint in printed_by(done)
    assert not (tmp_path / "shop").exists()


def test_a_shop_of_another_layout_lies_beside_the_one_that_a_build_uses(tmp_path):
    assert run().exit_code == 0
    before = names(tmp_path / "warehouse" / "demo")
    done = run(*FLAT)
    folder = tmp_path / "warehouse" / "demo_flat_lines"
    assert f"100 orders in {folder}" in printed_by(done)
    assert "order_lines.csv" in names(folder)
    assert names(tmp_path / "warehouse" / "demo") == before


def test_a_folder_holds_one_shop_and_keeps_what_is_no_demo(tmp_path):
    make_demo_shop(tmp_path, source=OTHER, order_count=100, seed=1)
    (tmp_path / "notes.txt").write_text("mine")
    make_demo_shop(tmp_path, source=default_source(), order_count=100, seed=1)
    make_demo_shop(tmp_path / "other", source=default_source(), order_count=100, seed=1)
    kept = {name for name in names(tmp_path) if "/" not in name}
    assert kept == names(tmp_path / "other") | {"notes.txt"}
    assert not (tmp_path / "truth").exists()
    make_demo_shop(tmp_path, source=OTHER, order_count=100, seed=1)
    assert "truth/orders.parquet" in names(tmp_path)
    assert "notes.txt" in names(tmp_path)


def test_an_edited_label_removes_nothing_outside_the_folder(tmp_path):
    out = tmp_path / "shop"
    make_demo_shop(out, source=OTHER, order_count=100, seed=1)
    (tmp_path / "mine.csv").write_text("mine")
    label = json.loads((out / LABEL).read_text())
    (out / LABEL).write_text(json.dumps({**label, "files": ["../mine.csv", 7, ""]}))
    make_demo_shop(out, source=default_source(), order_count=100, seed=1)
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("stop_at", [50, 100])
def test_ctrl_c_leaves_the_folder_as_it_was(tmp_path, monkeypatch, is_there, stop_at):
    """Pressed while baskets are drawn, and while the file is written."""
    out = tmp_path / "shop"
    if is_there:
        make_demo_shop(out, source=OTHER, order_count=100, seed=1)
    before = {name: (out / name).read_bytes() for name in names(out)}
    module, generate = demo_of(OTHER), demo_of(OTHER).generate_demo_shop

    def press(folder, *, progress, **settings):
        def stop(done: int, total: int) -> None:
            progress(done, total)
            if done >= stop_at:
                raise KeyboardInterrupt

        generate(folder, progress=stop, **settings)

    monkeypatch.setattr(module, "generate_demo_shop", press)
    done = run(*FLAT, "--seed", "2", "--out", str(out))
    assert done.exit_code == 130
    outcome = f"{out} is as it was" if is_there else "nothing of it is left"
    assert f"Stopped while generating the demo shop; {outcome}." in printed_by(done)
    assert {name: (out / name).read_bytes() for name in names(out)} == before
    assert out.exists() == is_there


def test_a_source_without_a_generator_has_no_demo():
    with pytest.raises(RegularsError, match="the source nobody has no demo shop"):
        demo_of("nobody")
