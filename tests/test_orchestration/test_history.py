"""What Dagster remembers, beside the warehouse, for commands and `dagster dev` alike."""

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.history import forget_old_runs, open_history


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
