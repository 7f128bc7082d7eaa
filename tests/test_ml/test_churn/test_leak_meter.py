"""The leak meter: mistakes claim much where there is nothing to know."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ml.churn.leak_meter import OVERSAMPLED, RECENCY_IN_LABEL, NoLeakFigureError, measure_leaks
from ml.features import FeatureMatrix, FeatureRule

RULES = [FeatureRule("paid_amount", null_rule="median"), FeatureRule("recency_days")]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def shop_of_chance(seed, rows=4000, share=0.02):
    """Customers whose return has nothing to do with what is known of them."""
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.lognormal(4, 1, rows), rng.integers(0, 400, rows)])
    values[rng.random(rows) < 0.1, 0] = np.nan
    return FeatureMatrix(("paid_amount", "recency_days"), values), rng.random(rows) < share


def measure(matrix, is_returning, rules=RULES, **options):
    options = {"honest_roc_auc": 0.5, "tree_count": 10, **options}
    figures = measure_leaks(matrix, is_returning, rules, **options)
    return {figure.practice: figure for figure in figures}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_mistakes_claim_the_impossible_where_return_is_pure_chance(seed):
    figures = measure(*shop_of_chance(seed), honest_roc_auc=0.503)
    assert list(figures) == [RECENCY_IN_LABEL, OVERSAMPLED]
    for figure in figures.values():
        assert figure.roc_auc > 0.97
        assert figure.accuracy > 0.95
        assert figure.honest_roc_auc == 0.503


def test_without_copies_on_both_sides_the_same_forest_knows_nothing():
    # As many return as not: nothing is copied, so the only figure left is the honest one.
    matrix, _ = shop_of_chance(4)
    is_returning = np.random.default_rng(4).permutation(np.arange(4000) % 2 == 0)
    figure = measure(matrix, is_returning)[OVERSAMPLED]
    assert figure.roc_auc == pytest.approx(0.5, abs=0.05)
    assert figure.accuracy == pytest.approx(0.5, abs=0.05)


def test_the_label_is_made_of_the_days_that_are_given():
    # With a border below all recencies, or above them, there is one class only: no figure.
    matrix, is_returning = shop_of_chance(5)
    assert (
        "more than 90 days"
        in measure(matrix, is_returning, inactive_days=90)[RECENCY_IN_LABEL].description
    )
    for border in (-1, 400):
        assert list(measure(matrix, is_returning, inactive_days=border)) == [OVERSAMPLED]


def test_people_are_drawn_where_there_are_more_and_the_seed_decides():
    matrix, is_returning = shop_of_chance(6)
    first, same, other = (
        measure(matrix, is_returning, person_count=1500, seed=seed) for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other
    everybody = measure(matrix, is_returning, seed=1)
    assert everybody == measure(matrix, is_returning, seed=1, person_count=4000)
    assert everybody != first


@pytest.mark.parametrize(
    ("rules", "labels", "expected"),
    [
        (RULES[:1], np.arange(4000) % 2 == 0, "'recency_days' among the features, got paid_amount"),
        (RULES, np.arange(3) == 0, r"each of 4000 rows, got shape \(3,\); read both"),
        (RULES, np.arange(4000) == 0, "2 returning and 2 lost customers, got 1 and 3999; choose"),
        (RULES, np.arange(4000) >= 0, "2 returning and 2 lost customers, got 4000 and 0; choose"),
    ],
)
def test_what_cannot_be_measured_is_refused(rules, labels, expected):
    with pytest.raises(ValueError, match=expected):
        measure(shop_of_chance(7)[0], labels, rules)


def test_what_the_shop_lacks_is_a_reason_and_what_the_program_does_wrong_is_an_error():
    matrix, is_returning = shop_of_chance(6)
    with pytest.raises(NoLeakFigureError, match="got 1 and 3999"):
        measure(matrix, np.arange(4000) == 7)
    with pytest.raises(NoLeakFigureError, match="expected 'recency_days'"):
        measure(matrix, is_returning, RULES[:1])
    with pytest.raises(ValueError, match="one label for each of 4000 rows") as caught:
        measure(matrix, is_returning[:-1])
    assert not isinstance(caught.value, NoLeakFigureError)
