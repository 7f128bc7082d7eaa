"""Segments from study to mart: planted types are found, ids last, and no answer is an answer."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context, job
from shops import Shop, generate_demo_shop
from sklearn.metrics import adjusted_rand_score

from orchestration.schedules import read_refit_request, refit_when_due
from orchestration.settings import Settings

A_MONTH_EARLIER = "2018-07-31"
FEATURES = ("--select", "+customer_feature_snapshots", "+supplied_features", "+data_range")
SEGMENTS = ("--select", "live_models", "segments_kmeans", "segments_gmm", "champion_segments",
            "segment_profiles", "segments", "customer_segments", "segmentation_candidates",
            "build_info", "segment_playbook", "texts")  # fmt: skip


def fit_and_score(shop: Shop, **settings: str) -> None:
    shop.run("regulars", "fit", "--purpose", "segmentation", **settings)
    shop.run("dbt", "build", "--exclude-resource-type", "test", "unit_test", *SEGMENTS, **settings)


def segments_of(shop: Shop) -> dict[str, tuple[object, ...]]:
    """Each person's model, segment and its name."""
    rows = shop.rows(
        "select customer_id, model_id, segment_id, segment_name, gmm_segment_id "
        "from marts.customer_segments"
    )
    return {str(customer_id): tuple(rest) for customer_id, *rest in rows}


def live_models(shop: Shop) -> list[tuple[object, ...]]:
    """Each segmentation's id, status and the reason for it."""
    return shop.rows(
        "select model_id, status, status_reason from ml.model_registry "
        "where purpose = 'segmentation' and status <> 'retired' order by model_id"
    )


def live_ids(shop: Shop) -> set[int]:
    """The segments of the live KMeans."""
    rows = shop.rows(
        "select distinct component_id from ml.model_parameters "
        "inner join ml.model_registry using (model_id) "
        "where family = 'kmeans' and status <> 'retired' and parameter_name = 'centroid'"
    )
    return {int(str(number)) for (number,) in rows}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[str, tuple[object, ...]]]:
    """A shop of separable types, fitted as of a month earlier and then of today.

    And each person's segment of a month earlier.
    """
    data = tmp_path_factory.mktemp("planted") / "data"
    generate_demo_shop(data, order_count=6_000, seed=11, scenario="separable_types")
    shop = Shop(data, tmp_path_factory.mktemp("planted-warehouse"))
    shop.run("regulars", "load")
    earlier = {"REGULARS_AS_OF_DATE": A_MONTH_EARLIER}
    shop.run("dbt", "build", "--exclude-resource-type", "test", "unit_test", *FEATURES, **earlier)
    fit_and_score(shop, **earlier)
    former = segments_of(shop)
    shop.run("dbt", "run", *FEATURES)
    fit_and_score(shop)
    return shop, former


def test_planted_types_are_found_and_each_has_a_name(planted):
    shop, _ = planted
    rows = shop.rows(
        f"""
        select planted.customer_type, found.segment_id, found.segment_name
        from marts.customer_segments as found
        inner join read_csv('{shop.data_dir / "planted_truth.csv"}') as planted
            on found.customer_id = planted.customer_unique_id
        """
    )
    types, ids, names = zip(*rows, strict=True)
    assert adjusted_rand_score(types, ids) >= 0.8
    assert len(set(types)) == 5
    assert None not in names
    assert len(set(names)) == len(set(ids))


def test_the_registry_says_why_the_champion_won(planted):
    shop, _ = planted
    ((reason,),) = shop.rows(
        "select status_reason from ml.model_registry "
        "where purpose = 'segmentation' and status = 'champion'"
    )
    for expected in ("silhouette", "rank 1 of", "agreement between seeds", "next best"):
        assert expected in reason


def test_a_refit_on_unchanged_data_changes_no_id_and_no_name(planted, tmp_path):
    shop = planted[0].copy_to(tmp_path / "copy")
    before = live_models(shop)
    assert "study ..." in shop.run("regulars", "fit", "--purpose", "segmentation").stderr
    # The very same models, ids among their parameters, from which SQL makes segments and names.
    assert live_models(shop) == before


def test_a_refit_a_month_later_keeps_the_ids_of_the_segments_that_persist(planted):
    shop, former = planted
    now = segments_of(shop)
    assert former.keys() <= now.keys()
    assert {row[0] for row in former.values()}.isdisjoint(row[0] for row in now.values())
    same = [former[customer_id][1] == now[customer_id][1] for customer_id in former]
    assert sum(same) / len(same) > 0.95
    assert {row[1] for row in former.values()} == {row[1] for row in now.values()}


def test_a_segment_that_is_new_gets_an_id_that_no_segment_ever_had(planted, tmp_path):
    """The former champion is made to have its people elsewhere: no segment goes on."""
    shop = planted[0].copy_to(tmp_path / "copy")
    before = live_ids(shop)
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update ml.model_parameters set value = value + 1000 where parameter_name = 'centroid' "
            "and component_id > (select min(component_id) from ml.model_parameters)"
        )
    shop.run("regulars", "fit", "--purpose", "segmentation")
    after = live_ids(shop)
    assert len(after) == len(before)
    # All people were in the one segment that was left: at most one can go on as it.
    assert len(after & before) <= 1
    assert min(after - before) > max(before)


# --- what must not move the ids -----------------------------------------------------------------


def copy_to_refit(shop: Shop, folder: Path) -> Shop:
    """A copy whose fits look at their own date only, which takes half the time."""
    copy = shop.copy_to(folder)
    with copy.open(read_only=False) as connection:
        connection.execute("update features.as_of_dates set is_stability_date = false")
    return copy


def refit(shop: Shop, *, check: bool = True) -> int:
    return shop.run("regulars", "fit", "--purpose", "segmentation", check=check).returncode


def test_a_fit_that_fails_after_a_study_leaves_the_models_as_they_were(planted, tmp_path):
    shop = copy_to_refit(planted[0], tmp_path / "copy")
    models = "select * from ml.model_registry order by all"
    parameters = "select * from ml.model_parameters order by all"
    studies = "select distinct study_id from ml.segmentation_candidates"
    before = [shop.rows(query) for query in (models, parameters)]
    study = shop.rows(studies)
    with shop.open(read_only=False) as connection:
        # Another person fewer, another study; and nowhere to write the fit's figures.
        connection.execute(
            "delete from features.customer_feature_snapshots where customer_id = "
            "(select min(customer_id) from features.customer_feature_snapshots)"
        )
        connection.execute("drop table ml.model_metrics")
    assert refit(shop, check=False) != 0
    assert shop.rows(studies) != study
    assert [shop.rows(query) for query in (models, parameters)] == before


def test_after_a_fit_as_of_an_early_date_and_one_of_today_the_ids_are_todays(planted, tmp_path):
    shop = copy_to_refit(planted[0], tmp_path / "copy")
    before = {model_id: status for model_id, status, _ in live_models(shop)}
    with shop.open(read_only=False) as connection:
        connection.execute("create table features.all_dates as from features.as_of_dates")
        connection.execute("delete from features.as_of_dates where as_of_date > '2018-08-01'")
    refit(shop)
    assert before.keys().isdisjoint(model_id for model_id, *_ in live_models(shop))
    with shop.open(read_only=False) as connection:
        connection.execute("insert into features.as_of_dates from features.all_dates")
        connection.execute("drop table features.all_dates")
    refit(shop)
    assert {model_id: status for model_id, status, _ in live_models(shop)} == before


def test_where_another_family_becomes_champion_the_segments_keep_their_ids(planted, tmp_path):
    shop = copy_to_refit(planted[0], tmp_path / "copy")
    ((agreeing,),) = shop.rows(
        "select avg((kmeans_segment_id = gmm_segment_id)::integer) from marts.customer_segments"
    )
    former = set(live_models(shop))
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update ml.segmentation_candidates set is_passed = family = 'gmm', "
            "verdict = case family when 'gmm' then 'passed' else 'refused here' end, "
            "passed_rank = case when family = 'gmm' and is_best_of_family then 1 end"
        )
    refit(shop)
    statuses = {str(model_id)[:3]: status for model_id, status, _ in live_models(shop)}
    assert statuses == {"gmm": "champion", "kme": "challenger"}
    assert {row[0] for row in former} == {row[0] for row in live_models(shop)}
    assert agreeing > 0.8


def test_without_a_feature_that_the_former_models_had_there_are_new_ones_with_new_ids(
    planted, tmp_path
):
    shop = copy_to_refit(planted[0], tmp_path / "copy")
    before = live_ids(shop)
    with shop.open(read_only=False) as connection:
        connection.execute("delete from features.supplied_features "
                           "where feature_name = 'voucher_share'")  # fmt: skip
        connection.execute(
            "alter table features.customer_feature_snapshots drop column voucher_share"
        )
    refit(shop)
    assert live_ids(shop) and live_ids(shop).isdisjoint(before)
    assert shop.rows(
        "select count(*) from ml.model_parameters inner join ml.model_registry using (model_id) "
        "where purpose = 'segmentation' and status <> 'retired' and feature_name = 'voucher_share'"
    ) == [(0,)]


# --- a shop without segments --------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop whose people differ by when they bought, and in nothing else."""
    data = tmp_path_factory.mktemp("plain") / "data"
    generate_demo_shop(data, order_count=1_500, seed=11, scenario="recency_only")
    shop = Shop(data, tmp_path_factory.mktemp("plain-warehouse"))
    shop.run("regulars", "load")
    everything_before = ("--exclude", "scoring", "marts")
    shop.run("dbt", "build", "--exclude-resource-type", "test", "unit_test", *everything_before)
    shop.run("regulars", "fit")
    shop.run("dbt", "run", "--select", "scoring", "marts")
    return shop


def test_types_that_differ_by_recency_only_have_no_champion(plain):
    assert plain.rows(
        "select status, count(*) from ml.model_registry where purpose = 'segmentation' group by 1"
    ) == [("challenger", 2)]
    verdicts = dict(
        plain.rows("select candidate_id, verdict from marts_ml.segmentation_candidates")  # type: ignore[arg-type]
    )
    assert verdicts["rfm-kmeans-3"].startswith("bins of recency_days (agreement ")
    assert "passed" not in verdicts.values()


def test_without_a_champion_people_have_groups_and_no_names_and_the_report_says_so(plain):
    assert plain.rows(
        "select count(*) > 1000, count(segment_id) = count(*), count(segment_name), "
        "bool_or(is_champion_passed) from marts.customer_segments"
    ) == [(True, True, 0, False)]
    site = plain.write_report()
    assert "acceptance thresholds</a></strong>" in (site / "segments.html").read_text()
    assert "None of the" in (site / "segment-study.html").read_text()


def test_where_nobody_returns_no_churn_model_is_eligible(plain):
    ((status, family, reason),) = plain.rows(
        "select status, family, status_reason from ml.model_registry where purpose = 'churn'"
    )
    assert (status, family) == ("not_eligible", "none")
    assert " 0 returned within 180 days, expected at least 20" in str(reason)


# --- the sensor ---------------------------------------------------------------------------------


@job
def ask() -> None:
    """Stands for the refit, of which the sensor looks at the runs only."""


def advised(folder: Path, is_due: bool) -> Settings:
    settings = Settings(folder / "regulars.duckdb", None, 0, 100, 1)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(
            f"""
            create schema marts;
            create table marts.refit_advice as
            select 'kmeans-1' as model_id, date '2018-09-13' as refit_by_date,
                'Fit again.' as advice, {is_due} as is_refit_due
            """
        )
    return settings


def test_the_sensor_asks_once_for_a_refit_that_is_due(tmp_path):
    settings = advised(tmp_path, is_due=True)
    assert read_refit_request(settings) == ("kmeans-1 2018-09-13", "Fit again.")
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, resources={"settings": settings})
        first = refit_when_due(context)
        assert first.tags["refit_reason"] == "Fit again."
        for status in (DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS):
            instance.create_run_for_job(ask, tags=first.tags, status=status)
            assert refit_when_due(context).run_key == first.run_key


def test_the_sensor_asks_again_after_a_run_that_failed(tmp_path):
    settings = advised(tmp_path, is_due=True)
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, resources={"settings": settings})
        keys = []
        for _ in range(3):
            request = refit_when_due(context)
            keys.append(request.run_key)
            instance.create_run_for_job(ask, tags=request.tags, status=DagsterRunStatus.FAILURE)
    assert len(set(keys)) == 3


@pytest.mark.parametrize("is_built", [True, False])
def test_the_sensor_asks_for_nothing_where_no_refit_is_due(tmp_path, is_built):
    if is_built:
        assert read_refit_request(advised(tmp_path, is_due=False)) is None
    else:
        assert read_refit_request(Settings(tmp_path / "none.duckdb", None, 0, 100, 1)) is None
