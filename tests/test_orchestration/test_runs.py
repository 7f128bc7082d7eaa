"""Which file a step of a Dagster run writes to."""

from types import SimpleNamespace

import duckdb
import pytest

from orchestration.errors import WarehouseError
from orchestration.runs import BEGINNING, IN_TRANSACTION, ON_COPY, writing_step
from orchestration.staging import WritingRun

WRITERS = {"load": BEGINNING, "dbt_build": ON_COPY, "fit": IN_TRANSACTION, "dbt_build_2": ON_COPY}


def context(step, writers, planned=None, parent_run_id=None):
    """What a step knows of its run, as Dagster hands it over."""
    nodes = [SimpleNamespace(name=name, tags=tags) for name, tags in writers.items()]
    nodes.append(SimpleNamespace(name="report", tags={}))
    return SimpleNamespace(
        op_execution_context=SimpleNamespace(
            run=SimpleNamespace(step_keys_to_execute=planned, parent_run_id=parent_run_id),
            job_def=SimpleNamespace(nodes=nodes),
            op_handle=SimpleNamespace(name=step),
        )
    )


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "regulars.duckdb"
    duckdb.connect(str(path)).close()
    return path


def test_a_run_with_dbt_in_it_works_on_one_copy_to_its_last_writing_step(warehouse):
    run, inode = WritingRun(warehouse), warehouse.stat().st_ino
    for step in WRITERS:
        with writing_step(context(step, WRITERS), run) as path:
            assert path == warehouse.parent / ".stage" / "regulars.duckdb"
            assert warehouse.stat().st_ino == inode
    assert warehouse.stat().st_ino != inode


def test_a_run_of_single_transactions_works_in_the_warehouse(warehouse):
    fits = {"fit": IN_TRANSACTION, "champions": IN_TRANSACTION}
    for step in fits:
        with writing_step(context(step, fits), WritingRun(warehouse)) as path:
            assert path == warehouse


def test_a_load_may_begin_a_warehouse_and_a_fit_may_not(tmp_path):
    path = tmp_path / "regulars.duckdb"
    with (
        pytest.raises(WarehouseError, match="no warehouse at"),
        writing_step(context("fit", {"fit": IN_TRANSACTION}), WritingRun(path)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
    with writing_step(context("load", {"load": BEGINNING}), WritingRun(path)) as new:
        duckdb.connect(str(new)).close()
    assert path.exists()


def test_a_run_of_some_steps_ends_with_the_last_of_these(warehouse):
    inode = warehouse.stat().st_ino
    planned = ["dbt_build", "report"]
    with writing_step(context("dbt_build", WRITERS, planned), WritingRun(warehouse)):
        pass
    assert warehouse.stat().st_ino != inode


def test_a_run_that_goes_on_where_a_failed_one_ended_is_refused(warehouse):
    """The copy with the load in it was not kept, so the fit would see the rows of before."""
    before = warehouse.read_bytes()
    planned = ["fit", "dbt_build_2", "report"]
    with (
        pytest.raises(WarehouseError, match="dbt_build, load must be run again"),
        writing_step(context("fit", WRITERS, planned, "failed-run"), WritingRun(warehouse)),
    ):
        pass
    assert warehouse.read_bytes() == before
    with writing_step(
        context("fit", {"fit": IN_TRANSACTION}, ["fit"], "failed-run"), WritingRun(warehouse)
    ) as path:
        assert path == warehouse
