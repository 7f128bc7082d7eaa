"""Compares the scores that SQL computed in a shop's warehouse with the library's own."""

from __future__ import annotations

import numpy as np

from ml.calibration import Calibration
from ml.families import bg_nbd, gmm, kmeans
from ml.families.scoring import predict_rows
from ml.store.features import read_as_of_date, read_features
from ml.store.models import read_parameters

TOLERANCE = 1e-9


def _scored(shop, table, columns):
    """Parameter rows, then features and scores of everybody as of each date that is scored."""
    with shop.open() as connection:
        ((model_id,),) = connection.execute(
            f"select distinct model_id from scoring.{table}"
        ).fetchall()
        rows = read_parameters(connection, model_id)
        names = sorted({row.feature_name for row in rows if row.feature_name is not None})
        as_of_date = read_as_of_date(connection)
        days = connection.execute(
            f"select distinct as_of_date from scoring.{table} order by as_of_date"
        ).fetchall()
        parts = []
        for (day,) in days:
            scored = connection.execute(
                f"select {columns} from scoring.{table} where as_of_date = ? order by customer_id",
                [day],
            ).fetchnumpy()
            parts.append((read_features(connection, names, day), scored))
    assert days[-1] == (as_of_date,)
    assert parts[-1][0].row_count > 5_000
    return rows, parts


def check_kmeans(shop):
    rows, parts = _scored(
        shop,
        "segments_kmeans",
        "segment_id, squared_distance, second_segment_id, border_margin",
    )
    model = kmeans.from_rows(rows)
    assert len(parts) > 1
    for matrix, scored in parts:
        assert np.array_equal(scored["segment_id"], kmeans.predict_kmeans(model, matrix))
        gaps = model.preprocessing.apply(matrix)[:, None, :] - model.centroids[None, :, :]
        squares = (gaps**2).sum(axis=2)
        second = np.array(model.segment_ids)[np.argsort(squares, axis=1, kind="stable")[:, 1]]
        assert np.array_equal(scored["second_segment_id"], second)
        squares.sort(axis=1)
        nearest = squares[:, 0]
        difference = np.abs(scored["squared_distance"] - nearest)
        assert difference.max() < TOLERANCE * max(1, nearest.max())
        margin = 1 - np.sqrt(nearest) / np.sqrt(squares[:, 1])
        assert np.abs(scored["border_margin"] - margin).max() < TOLERANCE


def check_gmm(shop):
    rows, parts = _scored(
        shop, "segments_gmm", "segment_id, membership_probability, second_segment_id"
    )
    model = gmm.from_rows(rows)
    segment_ids = np.array(model.segment_ids)
    assert len(parts) > 1
    for matrix, scored in parts:
        probabilities = gmm.predict_gmm(model, matrix)
        assert np.array_equal(scored["segment_id"], segment_ids[probabilities.argmax(axis=1)])
        difference = np.abs(scored["membership_probability"] - probabilities.max(axis=1))
        assert difference.max() < TOLERANCE
        # Where all others are as good as impossible their order is in no 64-bit probability.
        probabilities.sort(axis=1)
        second = probabilities[:, -2] > TOLERANCE
        likeliest = gmm.predict_gmm(model, matrix).argsort(axis=1)[:, -2]
        assert np.array_equal(scored["second_segment_id"][second], segment_ids[likeliest][second])


CHURN_TABLES = {
    "logistic": "churn_logistic_terms",
    "additive": "churn_additive_terms",
    "random_forest": "churn_random_forest",
    "boosting": "churn_boosting",
}


def check_churn(shop):
    """Every live family of churn models, recalibrated as its rows say."""
    for family, table in CHURN_TABLES.items():
        rows, parts = _scored(shop, table, "return_probability")
        ((matrix, scored),) = parts
        probability = predict_rows(family, rows, matrix)
        assert np.abs(scored["return_probability"] - probability).max() < TOLERANCE, family
    if shop.rows("select count(*) from scoring.churn_bg_nbd") != [(0,)]:
        rows, ((matrix, scored),) = _scored(shop, "churn_bg_nbd", "return_probability")
        raw = bg_nbd.predict_bg_nbd(bg_nbd.from_rows(rows), matrix)
        probability = Calibration.from_rows(rows).apply(raw)
        assert np.abs(scored["return_probability"] - probability).max() < TOLERANCE
