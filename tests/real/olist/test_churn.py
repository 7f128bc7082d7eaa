"""Churn on the published files, fitted whole: honest figures, in the honest band."""

from __future__ import annotations

import pytest
from real_data import needs_data_set
from shops import Shop

pytestmark = [pytest.mark.long, *needs_data_set("olist")]
FAMILIES = {"logistic", "additive", "random_forest", "boosting", "bg_nbd"}


@pytest.fixture(scope="module")
def fitted(olist: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A copy of the real shop with the churn models of a whole fit."""
    shop = olist.copy_to(tmp_path_factory.mktemp("churn"))
    shop.run("regulars", "fit", "--purpose", "churn", REGULARS_QUICK_STUDY="0")
    shop.run(
        "dbt", "run", "--select", "live_models", "model_quality", "churn_verdict", "leak_meter"
    )
    return shop


def quality(shop: Shop, metric: str) -> dict[str, tuple[float, float, float]]:
    """Family to a figure of the test and its bounds."""
    rows = shop.rows(
        f"""
        select family, metric_value, lower_bound, upper_bound from marts.model_quality
        where purpose = 'churn' and split = 'test' and metric_name = '{metric}'
        """
    )
    # A query's cells are plain objects to mypy.
    return {family: tuple(values) for family, *values in rows}  # type: ignore[misc]


def test_every_honest_family_is_within_the_band_and_none_above_the_plausible(fitted):
    """olist-pitfalls: 0.588 to 0.590, with a standard error of 0.011."""
    estimates = quality(fitted, "roc_auc")
    assert set(estimates) == FAMILIES
    for family, (value, lower, upper) in estimates.items():
        assert 0.56 <= value <= 0.62, family
        assert (upper - lower) / 3.92 == pytest.approx(0.011, abs=0.002)


def test_bg_nbd_on_purchase_days_is_as_published(fitted):
    """olist-pitfalls: ROC AUC 0.589, lift 2.04 in the best tenth."""
    assert quality(fitted, "roc_auc")["bg_nbd"][0] == pytest.approx(0.589, abs=0.003)
    assert quality(fitted, "lift_at_10_percent")["bg_nbd"][0] == pytest.approx(2.04, abs=0.05)


def test_the_best_lift_in_the_best_tenth_is_at_least_1_9(fitted):
    assert max(value for value, *_ in quality(fitted, "lift_at_10_percent").values()) >= 1.9


def test_the_verdict_is_the_interval_s_and_names_the_strongest_rule(fitted):
    ((status, baseline, lower, beats, training, test, dates),) = fitted.rows(
        """
        select status, baseline_name, roc_auc_gain_lower_bound, beats_baseline, training_dates,
            cast(test_date as varchar), fitted_dates
        from marts.churn_verdict
        """
    )
    assert status == "champion"
    assert baseline == "BG/NBD"
    assert beats == (lower > 0)
    assert (training, test) == ("2017-07-01, 2017-09-01", "2018-03-01")
    # What scores was fitted again on every first of a month whose 180 days are over.
    assert str(dates).startswith("2017-01-01, ") and str(dates).endswith(", 2018-03-01")
    assert len(str(dates).split(", ")) == 15


def test_no_rows_were_resampled_and_no_window_was_cut_off(fitted):
    ((row_count, rate),) = fitted.rows(
        """
        select count(*), (
            select metric_value from marts.model_quality
            where family = 'logistic' and split = 'train' and metric_name = 'base_rate'
        )
        from features.customer_labels where label_window_days = 180 and is_label_complete
        """
    )
    assert fitted.rows(
        "select distinct row_count from ml.model_registry "
        "where purpose = 'churn' and trained_at = (select max(trained_at) from ml.model_registry "
        "where family = 'logistic')"
    ) == [(row_count,)]
    ((expected,),) = fitted.rows(
        """
        select avg(cast(is_returning as integer)) from features.customer_labels
        where label_window_days = 180 and as_of_date in (date '2017-07-01', date '2017-09-01')
        """
    )
    assert rate == pytest.approx(expected, abs=1e-12)


def test_common_mistakes_would_have_claimed_what_public_notebooks_claim(fitted):
    rows = fitted.rows("select practice, roc_auc, honest_roc_auc from marts_ml.leak_meter")
    assert len(rows) == 2
    for practice, claimed, honest in rows:
        assert claimed >= 0.89, practice
        assert 0.56 <= honest <= 0.62


def test_models_that_cannot_be_read_are_not_champion_unless_significantly_better(fitted):
    rows = fitted.rows(
        "select family, status, verdict from ml.model_registry "
        "where purpose = 'churn' and status in ('champion', 'challenger')"
    )
    verdicts = {family: str(verdict) for family, _, verdict in rows}
    assert verdicts["bg_nbd"].startswith("a baseline")
    (champion,) = [family for family, status, _ in rows if status == "champion"]
    assert verdicts[champion] == "passed"
