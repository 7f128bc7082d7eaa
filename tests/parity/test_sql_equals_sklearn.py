"""Scores that SQL computes from parameter rows equal the library's own, for everybody."""

from __future__ import annotations

import pytest
from scoring_parity import check_gmm, check_kmeans, check_logistic


@pytest.mark.parametrize("check", [check_kmeans, check_gmm, check_logistic])
def test_sql_scores_equal_scikit_learn_for_every_customer(demo, check):
    check(demo)
