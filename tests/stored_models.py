"""Models as tests of the store write them, and the tables that they are written to."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from ml.figures import Metric
from ml.parameters import ParameterRow
from ml.registry import FittedModel, decide_statuses
from ml.statements import count_rows
from ml.store.champions import read_candidates, read_champion_history, write_decisions
from ml.store.models import write_model

MACRO = Path(__file__).parents[1] / "dbt_project" / "macros" / "ml" / "create_model_tables.sql"
JANUARY, MARCH, JUNE = date(2018, 1, 1), date(2018, 3, 1), date(2018, 6, 1)
MODEL_TABLES = ("model_registry", "model_parameters", "model_metrics")
MODEL = FittedModel(
    purpose="churn",
    family="logistic",
    as_of_date=JUNE,
    row_count=100,
    feature_count=1,
    settings={"seed": 1, "training_dates": [JANUARY]},
    code_version="0.1.0",
    verdict="passed",
    parameters=[
        ParameterRow("intercept", -3.0),
        ParameterRow("coefficient", 0.1, feature_name="order_count"),
        ParameterRow("precision_cholesky", 0.5, 2, "order_count", "paid_amount"),
    ],
    metrics=[
        Metric("train", "base_rate", 0.04),
        Metric("test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
    ],
)
JUDGED = replace(
    MODEL,
    settings={"seed": 1},
    test_date=MARCH,
    label_window_days=180,
    parameters=[ParameterRow("coefficient", 0.1, feature_name="recency_days")],
    metrics=[
        Metric("cross_validation", "roc_auc", 0.61),
        Metric("test", "roc_auc", 0.6, 0.55, 0.65, "recency", 0.58),
        Metric("retest 2018-06-01", "roc_auc", 0.59),
        Metric("test", "roc_auc_gain", 0.02, 0.01, 0.03),
    ],
)


def model_tables_ddl():
    """The statements of the dbt macro, so that these tables are the warehouse's own."""
    text = MACRO.read_text(encoding="utf-8")
    body = text.split("create_model_tables() -%}")[1].split("{%- endmacro")[0]
    return body.replace("{{ type_double() }}", "double")


def count_model_rows(connection):
    return [count_rows(connection, f"ml.{table}") for table in MODEL_TABLES]


def churn_model(seed, **more):
    return replace(JUDGED, settings={**JUDGED.settings, "seed": seed}, **more)


def segmentation(family, verdict, silhouette=0.5):
    return replace(
        MODEL,
        purpose="segmentation",
        family=family,
        settings={},
        verdict=verdict,
        evidence="rank 1 of 2",
        metrics=[Metric("study", "silhouette", silhouette)],
    )


def fit_and_choose(warehouse, *models):
    """As a fit does it; each is trained a second later than the one before."""
    for model in models:
        write_model(warehouse, model)
        warehouse.execute(
            "update ml.model_registry set trained_at = (select max(trained_at) from "
            "ml.model_registry) + interval 1 second where model_id = ?",
            [model.model_id],
        )
        write_decisions(warehouse, decide_statuses(read_candidates(warehouse)))


def read_statuses(warehouse):
    return dict(warehouse.execute("select model_id, status from ml.model_registry").fetchall())


def read_changes(warehouse):
    return [
        (
            change.change_number,
            change.purpose,
            change.model_id,
            change.former_model_id,
            change.action,
        )
        for change in read_champion_history(warehouse)
    ]


ONE, TWO, THREE = (churn_model(seed) for seed in (1, 2, 3))
