"""Fits as MLflow runs, for those who have the extra ``tracking``; the tables hold the same.

Source: the MLflow 3 client (https://mlflow.org/docs/latest/api_reference/python_api), which names
its store and so changes no setting of the process. Telemetry: MLflow heeds only this word.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ml.calibration import Calibration
from ml.families.catalog import FAMILIES
from ml.features import FeatureMatrix
from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.registry import FittedModel
from orchestration.errors import RegularsError
from orchestration.settings import Settings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

PARAMETERS_FILE = "model_parameters.csv"
# The columns of ml.model_parameters without the model's id.
PARAMETER_COLUMNS = (
    "parameter_name",
    "component_id",
    "feature_name",
    "paired_feature_name",
    "value",
)


def track_fit(
    settings: Settings, model: FittedModel, pictures: Mapping[str, bytes] = {}
) -> str | None:
    """Write a fit as a run of MLflow, if MLflow is installed; the same fit is the same run.

    The store is ``tracking/mlflow.db`` beside the warehouse file, its files are in
    ``tracking/artifacts``. The experiment is the purpose, the run is called after the model. Like
    its registry row, a run that is there already keeps its parameters and its model, and gets the
    metrics, the pictures and the code version of this time.

    Args:
        settings: say where the warehouse file is.
        model: what was fitted.
        pictures: PNG files by name, without the ending.

    Returns:
        The run's id, or None without MLflow or where the settings say so; nothing is written then.

    Raises:
        RegularsError: the store cannot be written, or was begun in another folder.
    """
    if not settings.is_tracked or find_spec("mlflow") is None:
        return None
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    folder = settings.folder / "tracking"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write_run(folder, model, pictures)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise RegularsError(
            f"{model.model_id} is in the warehouse, but its MLflow run cannot be written in "
            f"{folder}: {str(error).splitlines()[0]}; make that folder writable, move it away to "
            "begin a new one, or uninstall mlflow to fit without it"
        ) from error


def _write_run(folder: Path, model: FittedModel, pictures: Mapping[str, bytes]) -> str:
    from mlflow import MlflowClient, entities

    client = MlflowClient(f"sqlite:///{(folder / 'mlflow.db').as_posix()}")
    place = (folder / "artifacts").as_uri()
    experiment = client.get_experiment_by_name(model.purpose)
    if experiment and experiment.artifact_location != place:
        raise RegularsError(
            f"expected the files of the runs in {place}, but {folder / 'mlflow.db'} was begun "
            f"elsewhere and names {experiment.artifact_location}; MLflow stores cannot be moved, "
            "so put it back there or remove it"
        )
    experiment_id = (
        experiment.experiment_id if experiment else client.create_experiment(model.purpose, place)
    )
    model_id = model.model_id
    runs = client.search_runs([experiment_id], f"tags.model_id = '{model_id}'", max_results=1)
    run = runs[0] if runs else client.create_run(experiment_id, run_name=model_id)
    run_id = str(run.info.run_id)
    params = {
        **model.settings,
        "family": model.family,
        "as_of_date": model.as_of_date,
        "row_count": model.row_count,
        "feature_count": model.feature_count,
        "test_date": model.test_date,
        "label_window_days": model.label_window_days,
        "scored_by": model.scored_by,
    }
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[
            entities.Metric(name, value, now, 0)
            for metric in model.metrics
            for name, value in metric_values(metric)
        ],
        params=[
            entities.Param(name, str(value))
            for name, value in params.items()
            if value is not None and name not in run.data.params
        ],
        tags=[
            entities.RunTag("model_id", model_id),
            entities.RunTag("code_version", model.code_version),
            entities.RunTag("verdict", model.verdict),
        ],
    )
    for name, picture in pictures.items():
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / f"{name}.png"
            file.write_bytes(picture)
            client.log_artifact(run_id, str(file), "pictures")
    if not (run.outputs and run.outputs.model_outputs):
        logged = client.create_logged_model(
            experiment_id, name="model", source_run_id=run_id, model_type=model.family
        )
        with tempfile.TemporaryDirectory() as scratch:
            _save_model(Path(scratch), model, logged.model_id)
            client.log_model_artifacts(logged.model_id, scratch)
        client.finalize_logged_model(logged.model_id, "READY")
        client.log_outputs(run_id, [entities.LoggedModelOutput(logged.model_id, 0)])
    client.set_terminated(run_id)
    return run_id


def metric_values(metric: Metric) -> Iterator[tuple[str, float]]:
    """What one metric is called in MLflow, with its bounds and what the baseline reaches.

    Args:
        metric: a row of ``ml.model_metrics``.

    Returns:
        Pairs of name and value; in names, what MLflow does not allow is an underscore.

    Example:
        >>> list(metric_values(Metric("test", "lift@10%", 2.0, baseline_value=1.5)))
        [('test/lift_10_', 2.0), ('test/lift_10__baseline', 1.5)]
    """
    name = re.sub(r"[^/\w.\- ]", "_", f"{metric.split}/{metric.metric_name}")
    yield name, metric.metric_value
    for ending, value in (
        ("lower", metric.lower_bound),
        ("upper", metric.upper_bound),
        ("baseline", metric.baseline_value),
    ):
        if value is not None:
            yield f"{name}_{ending}", value


def _save_model(folder: Path, model: FittedModel, logged_model_id: str) -> None:
    """A model that MLflow can load: parameter rows, and where to find what reads them."""
    from mlflow import pyfunc
    from mlflow.models import Model

    with (folder / PARAMETERS_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(PARAMETER_COLUMNS)
        writer.writerows(
            [getattr(row, column) for column in PARAMETER_COLUMNS] for row in model.parameters
        )
    described = Model(model_id=logged_model_id)
    pyfunc.add_to_model(
        described, __name__, data=PARAMETERS_FILE, model_config={"family": model.family}
    )
    described.save(str(folder / "MLmodel"))


class _Predictor:
    """A family's model as MLflow wants it: customers in, segments or probabilities out."""

    def __init__(self, family: str, rows: list[ParameterRow]) -> None:
        verbs = FAMILIES[family]
        self._model = verbs.from_rows(rows)
        self._calibration = Calibration.from_rows(rows)
        self._predict = verbs.predict

    def predict(self, customers: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What ``predict_<family>`` says of a data frame with a column for each feature.

        Recalibrated where the model's rows say so.
        """
        values = customers.to_numpy(dtype=np.float64)
        predictions = self._predict(self._model, FeatureMatrix(tuple(customers.columns), values))
        return self._calibration.apply(predictions)


def _load_pyfunc(data_path: str, model_config: Mapping[str, str]) -> _Predictor:
    """What MLflow calls when somebody loads the model."""
    with Path(data_path).open(newline="", encoding="utf-8") as file:
        rows = [
            ParameterRow(
                row["parameter_name"],
                float(row["value"]),
                int(row["component_id"]) if row["component_id"] else None,
                row["feature_name"] or None,
                row["paired_feature_name"] or None,
            )
            for row in csv.DictReader(file)
        ]
    return _Predictor(model_config["family"], rows)
