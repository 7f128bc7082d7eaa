"""Scores that SQL computes from parameter rows equal the library's own, for everybody."""

from __future__ import annotations

import numpy as np
import pytest
from scoring_parity import TOLERANCE, check_churn, check_gmm, check_kmeans
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from ml.families import gmm, kmeans
from ml.registry import FittedModel
from ml.store.features import read_as_of_date, read_feature_rules, read_features
from ml.store.models import write_model


@pytest.mark.parametrize("check", [check_kmeans, check_gmm, check_churn])
def test_sql_scores_equal_scikit_learn_for_every_customer(demo, check):
    check(demo)


def _write(connection, family, rows, as_of_date):
    """Put a model among the live ones, alone in its family."""
    connection.execute("update ml.model_registry set status = 'retired' where family = ?", [family])
    return write_model(
        connection,
        FittedModel(
            purpose="segmentation",
            family=family,
            as_of_date=as_of_date,
            row_count=1,
            feature_count=1,
            settings={},
            code_version="test",
            verdict="passed",
            parameters=rows,
            metrics=[],
        ),
    )


@pytest.mark.parametrize("covariance_type", ["full", "diag", "tied"])
def test_ids_with_gaps_and_every_covariance_type_are_scored_as_by_scikit_learn(
    demo, tmp_path, covariance_type
):
    shop = demo.copy_to(tmp_path)
    with shop.open(read_only=False) as connection, threadpool_limits(1):
        rules = read_feature_rules(connection, "segmentation")
        as_of_date = read_as_of_date(connection)
        matrix = read_features(connection, [rule.feature_name for rule in rules], as_of_date)
        nearest = kmeans.fit_kmeans(matrix, rules, segment_count=4, start_count=1)
        nearest = kmeans.with_segment_ids(nearest, [11, 2, 5, 0])
        mixture = gmm.fit_gmm(
            matrix, rules, component_count=3, covariance_type=covariance_type, start_count=1
        )
        mixture = gmm.with_segment_ids(mixture, [7, 12, 3])
        _write(connection, "kmeans", kmeans.to_rows(nearest), as_of_date)
        model_id = _write(connection, "gmm", gmm.to_rows(mixture), as_of_date)
    shop.run("dbt", "run", "--select", "segments_kmeans", "segments_gmm")
    check_kmeans(shop)
    check_gmm(shop)
    assert shop.rows("select distinct segment_id from scoring.segments_kmeans order by 1") == [
        (0,),
        (2,),
        (5,),
        (11,),
    ]
    # And apart from our own reference scorer: scikit-learn's mixture of that covariance type.
    scaled = mixture.preprocessing.apply(matrix)
    fitted = GaussianMixture(
        3,
        covariance_type=covariance_type,
        n_init=1,
        reg_covar=1e-3,
        random_state=0,
        max_iter=200,
    )
    with threadpool_limits(1):
        expected = fitted.fit(scaled).predict_proba(scaled).max(axis=1)
    with shop.open() as connection:
        probabilities = connection.execute(
            "select membership_probability from scoring.segments_gmm "
            "where model_id = ? and as_of_date = ? order by customer_id",
            [model_id, as_of_date],
        ).fetchnumpy()["membership_probability"]
    assert np.abs(probabilities - expected).max() < TOLERANCE
