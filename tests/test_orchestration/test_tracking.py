"""Fits as MLflow runs: a run says what the fit says, its model predicts; without MLflow nothing."""

import contextlib
import dataclasses
import io
import math
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ml.families import gmm, kmeans, logistic
from ml.features import FeatureMatrix, FeatureRule
from ml.figures import Metric
from ml.registry import FittedModel
from orchestration.errors import RegularsError
from orchestration.settings import Settings
from orchestration.tracking import track_fit

PICTURE = b"\x89PNG\r\n\x1a\n and what follows"
NAMES = ("recency_days", "paid_amount")
RULES = (FeatureRule("recency_days", null_rule="median"), FeatureRule("paid_amount", "log1p"))


def shop(folder):
    return Settings(folder / "regulars.duckdb", None, 0, 1, 1)


def customers():
    """Forty who came lately and paid much, twenty who came long ago and paid little."""
    rng = np.random.default_rng(3)
    recent = np.column_stack([rng.uniform(1, 9, 40), rng.uniform(900, 999, 40)])
    former = np.column_stack([rng.uniform(500, 600, 20), rng.uniform(1, 9, 20)])
    return FeatureMatrix(NAMES, np.concatenate([recent, former])), np.repeat([0, 1], [40, 20])


def fitted(family, purpose, parameters, metrics=()):
    return FittedModel(
        purpose=purpose,
        family=family,
        as_of_date=date(2018, 8, 30),
        row_count=60,
        feature_count=2,
        settings={"segment_count": 2, "training_dates": ["2017-07-01", "2017-09-01"]},
        code_version="0.2.0",
        verdict="passed",
        parameters=parameters,
        metrics=metrics,
    )


@pytest.fixture(scope="module")
def kmeans_fit():
    with threadpool_limits(1):
        model = kmeans.fit_kmeans(customers()[0], RULES, segment_count=2)
    metrics = [
        Metric("train", "silhouette", 0.5, 0.4, 0.6, "recency", 0.25),
        Metric("test", "undefined", math.nan),
    ]
    return fitted("kmeans", "segmentation", kmeans.to_rows(model), metrics)


@dataclasses.dataclass(frozen=True)
class Tracked:
    settings: Settings
    client: object
    run_id: str
    printed: str

    def runs(self, purpose):
        experiment = self.client.get_experiment_by_name(purpose)
        return self.client.search_runs([experiment.experiment_id])

    def model(self, run_id):
        from mlflow import pyfunc

        (output,) = self.client.get_run(run_id).outputs.model_outputs
        return pyfunc.load_model(self.client.get_logged_model(output.model_id).artifact_location)


@pytest.fixture(scope="module")
def tracked(kmeans_fit, tmp_path_factory):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: make tracking")
    settings = shop(tmp_path_factory.mktemp("a shop, 100% ours"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        run_id = track_fit(settings, kmeans_fit, {"sizes": PICTURE})
    client = mlflow.MlflowClient(f"sqlite:///{settings.folder}/tracking/mlflow.db")
    return Tracked(settings, client, run_id, printed.getvalue())


def test_a_run_says_what_the_fit_says(tracked, kmeans_fit):
    (run,) = tracked.runs("segmentation")
    assert (run.info.run_id, run.info.status) == (tracked.run_id, "FINISHED")
    assert run.info.run_name == run.data.tags["model_id"] == kmeans_fit.model_id
    assert run.data.params == {
        "segment_count": "2",
        "training_dates": "['2017-07-01', '2017-09-01']",
        "family": "kmeans",
        "as_of_date": "2018-08-30",
        "row_count": "60",
        "feature_count": "2",
        "scored_by": "sql",
    }
    assert math.isnan(run.data.metrics.pop("test/undefined"))
    assert run.data.metrics == {
        "train/silhouette": 0.5,
        "train/silhouette_lower": 0.4,
        "train/silhouette_upper": 0.6,
        "train/silhouette_baseline": 0.25,
    }


def test_pictures_are_among_its_files_beside_the_warehouse(tracked):
    folder = tracked.settings.folder / "tracking" / "artifacts" / tracked.run_id / "artifacts"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files == [folder / "pictures" / "sizes.png"]
    assert files[0].read_bytes() == PICTURE


def test_tracking_prints_nothing(tracked):
    assert tracked.printed == ""


def test_its_model_predicts_and_holds_no_pickle(tracked):
    pandas = pytest.importorskip("pandas")
    matrix, labels = customers()
    model = tracked.model(tracked.run_id)
    table = pandas.DataFrame(matrix.values, columns=NAMES)[["paid_amount", "recency_days"]]
    assert model.predict(table).tolist() == labels.tolist()
    folder = tracked.settings.folder / "tracking" / "artifacts" / "models"
    files = {file.name for file in folder.rglob("*") if file.is_file()}
    assert files == {"MLmodel", "model_parameters.csv"}


def test_models_of_the_other_families_predict_what_they_did(tracked):
    pandas = pytest.importorskip("pandas")
    matrix, labels = customers()
    table = pandas.DataFrame(matrix.values, columns=NAMES)
    with threadpool_limits(1):
        mixture = gmm.fit_gmm(matrix, RULES, component_count=2)
        churn = logistic.fit_logistic(matrix, labels == 0, RULES, inverse_regularization=0.01)
    run_id = track_fit(tracked.settings, fitted("gmm", "other", gmm.to_rows(mixture)))
    np.testing.assert_array_equal(
        tracked.model(run_id).predict(table), gmm.predict_gmm(mixture, matrix)
    )
    run_id = track_fit(tracked.settings, fitted("logistic", "churn", logistic.to_rows(churn)))
    np.testing.assert_array_equal(
        tracked.model(run_id).predict(table), logistic.predict_logistic(churn, matrix)
    )


def test_the_same_fit_again_is_the_same_run_with_the_metrics_of_this_time(tracked, kmeans_fit):
    first = dataclasses.replace(kmeans_fit, settings={"seed": 7})
    again = dataclasses.replace(
        first, code_version="0.3.0", row_count=61, metrics=[Metric("train", "silhouette", 0.3)]
    )
    run_id = track_fit(tracked.settings, first)
    before = len(tracked.runs("segmentation"))
    assert track_fit(tracked.settings, again) == run_id
    assert len(tracked.runs("segmentation")) == before
    run = tracked.client.get_run(run_id)
    assert run.data.metrics["train/silhouette"] == 0.3
    assert run.data.tags["code_version"] == "0.3.0"
    assert len(run.outputs.model_outputs) == 1


def test_without_mlflow_there_is_no_run_and_no_trace(kmeans_fit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert track_fit(shop(tmp_path), kmeans_fit, {"sizes": PICTURE}) is None
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_is_said_in_a_sentence(kmeans_fit, tmp_path):
    pytest.importorskip("mlflow", reason="MLflow is not installed: make tracking")
    expected = rf"{kmeans_fit.model_id} is in the warehouse, but .* uninstall mlflow"
    no_folder = tmp_path / "no-folder"
    no_folder.mkdir()
    (no_folder / "tracking").touch()
    no_store = tmp_path / "no-store"
    (no_store / "tracking").mkdir(parents=True)
    (no_store / "tracking" / "mlflow.db").write_text("not a database " * 100)
    for folder in (no_folder, no_store):
        with pytest.raises(RegularsError, match=expected):
            track_fit(shop(folder), kmeans_fit)


def test_a_store_that_was_moved_does_not_write_to_its_old_place(tracked, kmeans_fit, tmp_path):
    shutil.copytree(tracked.settings.folder / "tracking", tmp_path / "tracking")
    with pytest.raises(RegularsError, match=r"was begun elsewhere and names file:.*put it back"):
        track_fit(shop(tmp_path), kmeans_fit)


def test_mlflow_sends_nothing_to_anybody():
    pytest.importorskip("mlflow", reason="MLflow is not installed: make tracking")
    # MLflow is silent by itself where it sees pytest or CI, so: a process that is neither.
    code = (
        "import orchestration.tracking, mlflow\n"
        "from mlflow.telemetry.utils import is_telemetry_disabled\n"
        "raise SystemExit(not is_telemetry_disabled())"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env=environment)
