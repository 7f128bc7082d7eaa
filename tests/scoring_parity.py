"""Compares the scores that SQL computed in a shop's warehouse with the library's own."""

from __future__ import annotations

import numpy as np

from ml import gmm, kmeans, logistic, store

TOLERANCE = 1e-9


def _scored(shop, table, columns):
    with shop.open() as connection:
        ((model_id,),) = connection.execute(
            f"select distinct model_id from scoring.{table}"
        ).fetchall()
        rows = store.read_parameters(connection, model_id)
        names = sorted({row.feature_name for row in rows if row.parameter_name == "center"})
        as_of_date = store.read_as_of_date(connection)
        matrix = store.read_features(connection, names, as_of_date)
        found = connection.execute(
            f"select {columns} from scoring.{table} order by customer_id"
        ).fetchnumpy()
    assert matrix.row_count > 5_000
    return rows, matrix, found


def check_kmeans(shop):
    rows, matrix, found = _scored(shop, "segments_kmeans", "segment_id, squared_distance")
    model = kmeans.from_rows(rows)
    assert np.array_equal(found["segment_id"], kmeans.predict_kmeans(model, matrix))
    gaps = model.preprocessing.apply(matrix)[:, None, :] - model.centroids[None, :, :]
    nearest = (gaps**2).sum(axis=2).min(axis=1)
    assert np.abs(found["squared_distance"] - nearest).max() < TOLERANCE * max(1, nearest.max())


def check_gmm(shop):
    rows, matrix, found = _scored(shop, "segments_gmm", "segment_id, membership_probability")
    probabilities = gmm.predict_gmm(gmm.from_rows(rows), matrix)
    assert np.array_equal(found["segment_id"], probabilities.argmax(axis=1))
    difference = np.abs(found["membership_probability"] - probabilities.max(axis=1))
    assert difference.max() < TOLERANCE


def check_logistic(shop):
    rows, matrix, found = _scored(shop, "churn_logistic_terms", "return_probability")
    probability = logistic.predict_logistic(logistic.from_rows(rows), matrix)
    assert np.abs(found["return_probability"] - probability).max() < TOLERANCE
    assert probability.std() > 0
