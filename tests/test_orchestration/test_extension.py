"""A family and a purpose of another package go all the way: graph, fit, registry, scores, lists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from dbt_common.exceptions import DbtRuntimeError
from shops import BIN, PROJECT_DIR, Shop

from orchestration.dbt_catalog import Plugin
from orchestration.errors import WarehouseError
from orchestration.paths import more_models

EXTENSION = Path(__file__).parents[1] / "extension"
MODELS = "tests/extension/models"


def run(shop: Shop, *command: str, folder: Path = EXTENSION) -> subprocess.CompletedProcess[str]:
    """A command in a Python of its own, to which the package in the folder is installed."""
    program, *arguments = command
    environment = shop.environment(PYTHONPATH=str(folder), REGULARS_MODELS_DIR=MODELS)
    return subprocess.run(
        [BIN / program, *arguments],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(shop: Shop, *command: str) -> str:
    done = run(shop, *command)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def extended(demo, tmp_path_factory) -> Shop:
    """The demo shop, fitted with the package installed, whose churn family scores it."""
    shop = demo.copy_to(tmp_path_factory.mktemp("extended"))
    succeed(shop, "regulars", "fit", "--purpose", "churn")
    succeed(shop, "regulars", "fit", "--purpose", "spend")
    ((model_id, status),) = shop.rows(
        "select model_id, status from ml.model_registry where family = 'one_feature'"
    )
    if status != "champion":  # on so small a shop one feature may well be the best model
        succeed(shop, "regulars", "models", "promote", str(model_id))
    succeed(shop, "regulars", "score")
    return shop


def test_the_graph_has_an_asset_for_each_family_of_the_package(tmp_path):
    code = (
        "from orchestration.definitions import defs\n"
        "graph = defs.resolve_asset_graph()\n"
        "print(*sorted('/'.join(key.path) for key in graph.get_all_asset_keys()))\n"
        "print(*sorted(job.name for job in defs.resolve_all_job_defs()))"
    )
    done = run(Shop(tmp_path, tmp_path), "python", "-c", code)
    assert done.returncode == 0, done.stderr[-3000:]
    assets, jobs = (set(line.split()) for line in done.stdout.splitlines()[-2:])
    assert {
        "ml/one_feature",
        "ml/frequency",
        "ml/mean_spend",
        "ml/spend_by_orders",
        "scoring/spend_scores",
    } <= (assets)
    assert "fit_spend" in jobs


def test_the_family_of_the_package_scores_everybody_in_sql_as_python_does(extended):
    from ml.calibration import Calibration
    from ml.families import logistic
    from ml.store.features import read_as_of_date, read_features
    from ml.store.models import read_parameters

    with extended.open() as connection:
        ((model_id, family),) = connection.execute(
            "select distinct model_id, family from scoring.churn_scores"
        ).fetchall()
        rows = read_parameters(connection, model_id)
        people = read_features(connection, ["recency_days"], read_as_of_date(connection))
        probabilities = connection.execute(
            "select return_probability from marts.customer_churn_scores order by customer_id"
        ).fetchnumpy()["return_probability"]
        ((reasons,),) = connection.execute(
            "select count(reason_1) from marts.customer_churn_scores"
        ).fetchall()
        quality = connection.execute(
            "select distinct family_name from marts.model_quality where model_id = ?", [model_id]
        ).fetchall()
    assert family == "one_feature"
    expected = logistic.predict_logistic(logistic.from_rows(rows), people)
    expected = Calibration.from_rows(rows).apply(expected)
    assert len(probabilities) > 5_000
    assert np.abs(probabilities - expected).max() < 1e-9
    assert reasons == len(probabilities)
    assert quality == [("recency alone",)]


def test_a_family_without_sql_is_scored_by_python_and_read_by_a_bare_dbt_run(extended, tmp_path):
    from ml.calibration import Calibration
    from ml.families import logistic
    from ml.store.features import read_as_of_date, read_features
    from ml.store.models import read_parameters

    shop = extended.copy_to(tmp_path)
    ((model_id,),) = shop.rows("select model_id from ml.model_registry where family = 'frequency'")
    succeed(shop, "regulars", "models", "promote", str(model_id))
    succeed(shop, "dbt", "run", "--select", "churn_scores")
    with shop.open() as connection:
        rows = read_parameters(connection, str(model_id))
        people = read_features(connection, ["order_count"], read_as_of_date(connection))
        scores = connection.execute(
            "select model_id, return_probability from scoring.churn_scores order by customer_id"
        ).fetchnumpy()
    assert set(scores["model_id"]) == {model_id}
    expected = logistic.predict_logistic(logistic.from_rows(rows), people)
    expected = Calibration.from_rows(rows).apply(expected)
    assert np.abs(scores["return_probability"] - expected).max() < 1e-9


def test_the_champion_of_a_purpose_that_predicts_an_amount_has_the_lowest_error(extended):
    rows = extended.rows(
        """
        select registry.family, registry.status, metrics.metric_value
        from ml.model_registry as registry
        inner join ml.model_metrics as metrics on registry.model_id = metrics.model_id
        where registry.purpose = 'spend' and metrics.metric_name = 'rmse'
        order by metrics.metric_value
        """
    )
    assert [status for _, status, _ in rows] == ["champion", "challenger"]
    assert rows[0][2] < rows[1][2]
    ((reason,),) = extended.rows(
        "select status_reason from ml.model_registry "
        "where purpose = 'spend' and status = 'challenger'"
    )
    assert reason.startswith("RMSE ")
    assert "not below" in str(reason)


def test_the_amount_is_scored_in_sql_and_its_figures_are_in_the_mart(extended):
    ((model_id, intercept, coefficient),) = extended.rows(
        """
        select registry.model_id,
            any_value(value) filter (parameter_name = 'intercept'),
            any_value(value) filter (parameter_name = 'coefficient')
        from ml.model_registry as registry
        inner join ml.model_parameters as parameters
            on registry.model_id = parameters.model_id
        where registry.purpose = 'spend' and registry.status = 'champion'
        group by registry.model_id
        """
    )
    ((count, difference),) = extended.rows(
        f"""
        select count(*), max(abs(
            scores.expected_amount - ({intercept!r} + {coefficient!r} * features.order_count)
        ))
        from scoring.spend_scores as scores
        inner join features.customer_feature_snapshots as features
            on scores.customer_id = features.customer_id
            and features.as_of_date = (select max(as_of_date) from features.as_of_dates)
        where scores.model_id = '{model_id}'
        """
    )
    assert count > 5_000
    assert difference < 1e-9
    assert extended.rows(
        f"select purpose, metric_name, is_champion from marts.model_quality "
        f"where model_id = '{model_id}'"
    ) == [("spend", "rmse", True)]


def test_commands_list_what_the_package_brings(extended):
    listed = succeed(extended, "regulars", "models", "list")
    assert "of spend: spend_by_orders" in listed or "of spend: mean_spend" in listed
    assert "champion of churn: one_feature" in listed
    assert "test RMSE " in listed
    spend = succeed(extended, "regulars", "models", "list", "--purpose", "spend")
    assert "one_feature" not in spend
    assert "Spend" in succeed(extended, "regulars", "status")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("odd = no_such_module:ODD", "odd = no_such_module:ODD in regulars.families of the"),
        ("odd = ml.purposes:CHURN", "is a Purpose, expected a Family of ml.families.family"),
        ("odd = toy_entries:LOGISTIC", "brings a family 'logistic', of which there is one already"),
    ],
)  # fmt: skip
def test_a_bad_entry_point_is_said_in_a_sentence(entry, expected, tmp_path):
    info = tmp_path / "bad_regulars-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-regulars\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[regulars.families]\n{entry}\n")
    (tmp_path / "toy_entries.py").write_text(
        "from dataclasses import replace\n"
        "from ml.families.family import Family\n"
        "from ml.purposes import CHURN\n"
        "LOGISTIC = Family('logistic', CHURN, 'x', 'x', scored_by='library')\n"
    )
    done = run(Shop(tmp_path, tmp_path), "regulars", "status", folder=tmp_path)
    message = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert expected in message
    assert "Traceback" not in message


@pytest.mark.parametrize("models", ["/srv/models", "../models"])
def test_models_that_dbt_would_compile_over_themselves_are_refused(models, monkeypatch):
    monkeypatch.setenv("REGULARS_MODELS_DIR", models)
    expected = f"REGULARS_MODELS_DIR is {models}, expected a path below the project"
    with pytest.raises(WarehouseError, match=re.escape(expected)):
        more_models()
    # A bare dbt asks before it compiles anything.
    with pytest.raises(DbtRuntimeError, match=re.escape(expected)):
        Plugin("catalog", {}).configure_connection(None)
