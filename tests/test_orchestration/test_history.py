"""What Dagster remembers, beside the warehouse, for commands and `dagster dev` alike."""

import subprocess
import sys

import dagster as dg
import pytest
from shops import BIN, PROJECT_DIR

from orchestration.definitions import defs
from orchestration.history import end_dead_runs, forget_old_runs, mark_process, open_history

KILLED_RUN = """
import os
import dagster as dg
from orchestration.history import mark_process, open_history

@dg.asset
def killed(context):
    mark_process(context.instance, context.run_id)
    os._exit(9)

with open_history() as instance:
    dg.materialize([killed], instance=instance)
"""


@dg.asset
def often():
    """Made by each run."""


@dg.asset
def once():
    """Made by the first run only."""


@pytest.fixture
def warehouse_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(tmp_path / "shop" / "regulars.duckdb"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path / "shop"


def test_what_one_process_did_another_one_sees(warehouse_folder):
    with open_history() as instance:
        assert dg.materialize([often], instance=instance).success
    with open_history() as instance:
        assert len(instance.get_runs()) == 1
        assert instance.get_latest_materialization_event(often.key) is not None
    assert (warehouse_folder / "dagster" / "history" / "runs.db").exists()


def test_old_runs_are_forgotten_but_for_those_that_made_what_is_there(warehouse_folder):
    with open_history() as instance:
        first = dg.materialize([often, once], instance=instance).run_id
        later = [dg.materialize([often], instance=instance).run_id for _ in range(4)]
        assert forget_old_runs(instance, kept_run_count=2) == 2
        assert {run.run_id for run in instance.get_runs()} == {first, *later[2:]}
        assert instance.get_latest_materialization_event(once.key) is not None
        assert forget_old_runs(instance, kept_run_count=2) == 0


def test_a_run_whose_process_was_killed_is_ended_and_one_that_goes_on_is_not(warehouse_folder):
    """Else a run of `dagster dev` would wait for it for ever."""
    subprocess.run([sys.executable, "-c", KILLED_RUN], check=False, cwd=PROJECT_DIR)

    @dg.asset
    def goes_on(context: dg.AssetExecutionContext):
        mark_process(context.instance, context.run_id)
        assert end_dead_runs(context.instance) == 1
        assert end_dead_runs(context.instance) == 0

    with open_history() as instance:
        (killed,) = instance.get_runs()
        assert killed.status == dg.DagsterRunStatus.STARTED
        assert dg.materialize([goes_on], instance=instance).success
        assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE


def test_an_instance_of_your_own_is_left_to_you(warehouse_folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with open_history() as instance:
        assert instance.root_directory == str(home)
    assert not warehouse_folder.exists()


def test_after_a_build_dagster_knows_when_each_asset_was_made(demo, monkeypatch):
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(demo.warehouse))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with open_history() as instance:
        keys = defs.resolve_asset_graph().get_all_asset_keys()
        made = instance.get_latest_materialization_events(list(keys))
        assert [key for key in keys if made.get(key) is None] == []


def test_a_run_of_one_asset_skips_no_check_for_lack_of_its_twin(demo, tmp_path, monkeypatch):
    """Checks that look at another table, too, which an earlier run built."""
    shop = demo.copy_to(tmp_path)
    run_dagster(shop, "asset", "materialize", "--select", "marts/customer_rfm")
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(shop.warehouse))
    with open_history() as instance:
        (run,) = instance.get_runs()
        checks = {
            kind: {
                event.dagster_event.event_specific_data.check_name
                for event in instance.all_logs(run.run_id)
                if event.is_dagster_event and event.dagster_event.event_type_value == kind
            }
            for kind in ("ASSET_CHECK_EVALUATION_PLANNED", "ASSET_CHECK_EVALUATION")
        }
    planned, evaluated = checks.values()
    # Among them some that look at other tables, too.
    assert "rfm_holds_all_that_was_paid_on_valid_orders" in planned
    assert evaluated == planned


def run_dagster(shop, *command):
    done = subprocess.run(
        [str(BIN / "dagster"), *command, "-m", "orchestration.definitions"],
        cwd=PROJECT_DIR,
        env=shop.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
