"""What SQL expects of every customer equals ml/families/bg_nbd.py, for extreme histories too."""

from __future__ import annotations

import numpy as np
import pytest
from shops import Shop

from ml.calibration import Calibration
from ml.families import bg_nbd
from ml.families.bg_nbd import FEATURE_NAMES, BgNbdModel
from ml.registry import FittedModel
from ml.store.features import read_as_of_date, read_features
from ml.store.models import read_parameters, write_model

TOLERANCE = 1e-9
HORIZON_WEEKS = 180 / 7
# Fitted where most buy once; published for CDNOW; and people who buy often and hardly leave.
ONE_TIME_BUYERS = BgNbdModel(0.0164, 9.21, 1.341, 0.222, HORIZON_WEEKS, 0.0)
CDNOW = BgNbdModel(0.243, 4.414, 0.793, 2.426, HORIZON_WEEKS, 0.0)
LOYAL = BgNbdModel(20.0, 0.5, 0.05, 30.0, HORIZON_WEEKS, 0.0)
SIGMOID = Calibration("sigmoid", slope=0.8, intercept=-1.5)
# Days with a purchase, days since the last of them and since the first: one purchase yesterday, on
# the as-of date itself and long ago; 30 repeats in a row, spread out and long ago; the last one
# just now; the last one a day after the first.
EXTREMES = [
    (1, 1, 1),
    (1, 0, 0),
    (1, 600, 600),
    (31, 0, 30),
    (31, 1, 600),
    (31, 570, 600),
    (2, 0, 1),
    (2, 0, 600),
    (2, 599, 600),
    (6, 595, 600),
]


@pytest.fixture(scope="module")
def shop(demo, tmp_path_factory) -> Shop:
    """A shop of its own with the extreme histories among its customers."""
    copy = demo.copy_to(tmp_path_factory.mktemp("bg-nbd"))
    with copy.open(read_only=False) as connection:
        as_of_date = read_as_of_date(connection)
        for number, (days, recency, tenure) in enumerate(EXTREMES):
            connection.execute(
                """
                insert into features.customer_feature_snapshots by name
                select * replace (
                    ? as customer_id, ? as purchase_day_count, ? as recency_days, ? as tenure_days
                )
                from features.customer_feature_snapshots
                where as_of_date = ?
                order by customer_id limit 1
                """,
                [f"extreme {number}", days, recency, tenure, as_of_date],
            )
    return copy


@pytest.mark.parametrize(
    ("model", "calibration"),
    [
        pytest.param(ONE_TIME_BUYERS, Calibration(), id="one-time-buyers"),
        pytest.param(ONE_TIME_BUYERS, SIGMOID, id="one-time-buyers-calibrated"),
        pytest.param(CDNOW, SIGMOID, id="cdnow-calibrated"),
        pytest.param(LOYAL, Calibration(), id="loyal"),
    ],
)
def test_sql_expects_what_python_expects_of_everybody(shop, model, calibration):
    with shop.open(read_only=False) as connection:
        as_of_date = read_as_of_date(connection)
        connection.execute(
            "update ml.model_registry set status = 'retired' where purpose = 'churn'"
        )
        model_id = write_model(
            connection,
            FittedModel(
                purpose="churn",
                family=bg_nbd.FAMILY,
                as_of_date=as_of_date,
                row_count=1,
                feature_count=len(FEATURE_NAMES),
                settings={},
                code_version="test",
                verdict="a baseline",
                parameters=[*bg_nbd.to_rows(model), *calibration.to_rows()],
                metrics=[],
            ),
        )
    shop.run("dbt", "run", "--select", "churn_bg_nbd")
    with shop.open() as connection:
        matrix = read_features(connection, FEATURE_NAMES, as_of_date)
        scores = connection.execute(
            "select expected_purchase_count, alive_probability, return_probability "
            "from scoring.churn_bg_nbd where model_id = ? and as_of_date = ? order by customer_id",
            [model_id, as_of_date],
        ).fetchnumpy()
        ((row_count,),) = connection.execute("select count(*) from scoring.churn_bg_nbd").fetchall()
        rows = read_parameters(connection, model_id)
    assert {tuple(row) for row in matrix.values} >= set(EXTREMES)
    assert row_count == matrix.row_count == len(scores["return_probability"]) > 5_000
    stored, histories = bg_nbd.from_rows(rows), bg_nbd.histories_from_features(matrix)
    expected = {
        "expected_purchase_count": bg_nbd.expected_purchases(stored, histories, HORIZON_WEEKS),
        "alive_probability": bg_nbd.probability_alive(stored, histories),
        "return_probability": Calibration.from_rows(rows).apply(
            bg_nbd.predict_bg_nbd(stored, matrix)
        ),
    }
    for column, values in expected.items():
        assert np.abs(scores[column] - values).max() < TOLERANCE, column
        assert values.std() > 0
