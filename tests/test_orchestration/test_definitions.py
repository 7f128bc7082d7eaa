"""What `dagster dev` shows."""

from __future__ import annotations

import dagster as dg
import pytest

from ml.families.catalog import FAMILIES
from orchestration.definitions import defs
from orchestration.loading.tables import source_tables

pytestmark = pytest.mark.filterwarnings("ignore")
UNUSED_TRANSLATION = "product_category_name_translation"


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


def test_there_is_one_graph_from_the_raw_files_to_the_report(graph):
    site = dg.AssetKey(["reports", "site"])
    upstream, todo = set(), [site]
    while todo:
        for key in graph.get(todo.pop()).parent_keys:
            if key not in upstream:
                upstream.add(key)
                todo.append(key)
    for table in source_tables():
        # Staged and canonical, but no mart is made of these yet.
        if table.name not in ("geolocation", "products", "sellers", UNUSED_TRANSLATION):
            assert dg.AssetKey(["raw", table.name]) in upstream, table.name
    for key in (["ml", "kmeans"], ["ml", "gmm"], ["ml", "additive"], ["ml", "model_parameters"],
                ["scoring", "segments_kmeans"], ["marts", "customer_360"],
                ["features", "customer_feature_snapshots"]):  # fmt: skip
        assert dg.AssetKey(key) in upstream, key


def test_every_asset_can_be_materialized_and_is_in_a_group_of_the_architecture(graph):
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {
        "raw", "staging", "conformed", "canonical", "features", "ml", "scoring", "marts",
        "marts_ml", "reports", "published",
    }  # fmt: skip
    external = [key for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable]
    assert external == []


def test_dbt_tests_are_asset_checks(graph):
    names = {key.name for key in graph.asset_check_keys}
    assert "unique_customer_rfm_customer_id" in names
    assert "no_score_is_too_good_to_be_true" in names
    assert len(names) > 250


def test_the_checks_that_guard_publication_block(graph):
    published = dg.AssetKey(["published", "copy"])
    for name in (
        "marts_and_what_they_leave_out_come_to_what_was_paid",
        "every_rfm_customer_has_exactly_one_segment",
        "every_rfm_customer_has_exactly_one_score",
        "no_score_is_too_good_to_be_true",
        "no_score_is_too_far_above_the_best_baseline",
    ):
        (key,) = [
            key for key in graph.asset_check_keys if key.name == name and _is_ours(graph, key)
        ]
        assert graph.get(key).blocking
        assert key.asset_key in graph.get(published).parent_keys


def _is_ours(graph, key):
    return graph.get(key).blocking


def test_schedules_are_off_by_default_and_jobs_are_named_for_what_they_do():
    schedules = {
        name: defs.resolve_schedule_def(name) for name in ("daily_rescore", "weekly_build")
    }
    assert {schedule.default_status for schedule in schedules.values()} == {
        dg.DefaultScheduleStatus.STOPPED
    }
    jobs = {job.name for job in defs.resolve_all_job_defs()}
    assert {"whole_build", "rescore", "refit", "load", "fit", "score", "report", "publish"} <= jobs


def test_rescoring_refits_nothing_and_refitting_loads_nothing(graph):
    rescored = defs.resolve_job_def("rescore").asset_layer.executable_asset_keys
    refitted = defs.resolve_job_def("refit").asset_layer.executable_asset_keys
    fits = {
        dg.AssetKey(["ml", name]) for name, family in FAMILIES.items() if not family.is_studied_only
    }
    assert not fits & rescored
    assert fits <= refitted
    assert not {key for key in refitted if key.path[0] in ("raw", "canonical")}
    assert dg.AssetKey(["published", "copy"]) in rescored & refitted


def test_steps_run_one_after_the_other_in_one_process():
    assert defs.resolve_job_def("whole_build").executor_def is dg.in_process_executor
