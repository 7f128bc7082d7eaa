"""Planted customers are found with the figures that one gets by hand."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

import pytest

# Worked out by hand from PLANTED in conftest.py, as of 2018-08-30.
RFM_BY_HAND = {
    # name: (first, last, recency, frequency, money, r, f, m, segment)
    "ana": (
        datetime(2018, 8, 1, 10), datetime(2018, 8, 29, 23, 59, 59), 1, 3, "4280.00", 5, 3, 5,
        "champions",
    ),
    "bruno": (
        datetime(2017, 1, 5, 8), datetime(2017, 1, 5, 8), 602, 1, "5.01", 1, 1, 1, "lost",
    ),
}  # fmt: skip

ANA_FEATURES = {
    "order_count": 3,
    "purchase_day_count": 3,
    "recency_days": 1,
    "tenure_days": 29,
    "item_count": 4,
    "product_count": 1,  # the same product each time
    "seller_count": 1,
    "paid_amount": 4280.00,
    "average_order_amount": 4280.00 / 3,
    "largest_order_amount": 2050.00,
    "freight_share": 80.00 / 4280.00,
    "average_installment_count": (10 + 5 + 1) / 3,
    "voucher_share": 50.00 / 4280.00,
    "delivered_order_count": 2,
    "open_order_count": 1,
    "unapproved_order_count": 0,
    "unshipped_order_count": 1,
    "overdue_order_count": 0,
    "average_delivery_days": 7.5,
    "late_delivery_share": 0.5,
    "worst_late_days": 2,
    "weekend_order_share": 0.0,  # three Wednesdays
    "last_order_months": 1 / 30.436875,
    "second_last_order_months": 15 / 30.436875,
    "third_last_order_months": 29 / 30.436875,
    "average_gap_days": 14.0,
    "last_gap_days": 14,
    "review_count": 1,  # the other one was answered at the as-of midnight
    "average_review_score": 5.0,
    "lowest_review_score": 5,
    "commented_share": 0.0,
    "postal_code": "01001",
    "city": "sao paulo",
    "state": "SP",
}


@pytest.mark.parametrize("name", RFM_BY_HAND)
def test_rfm_of_a_planted_customer_is_as_computed_by_hand(demo, planted_ids, name):
    (row,) = demo.rows(
        f"""
        select first_order_at, last_order_at, recency_days, frequency, monetary_amount,
            r_score, f_score, m_score, rfm_segment
        from marts.customer_rfm where customer_id = '{planted_ids[name]}'
        """
    )
    first, last, recency, frequency, money, *rest = RFM_BY_HAND[name]
    assert row == (first, last, recency, frequency, Decimal(money), *rest)


def test_frequency_and_money_count_valid_orders_before_the_as_of_date_only(demo, planted_ids):
    rows = demo.rows(
        f"""
        select frequency, monetary_amount, recency_days from marts.customer_rfm
        where customer_id = '{planted_ids["davi"]}'
        """
    )
    # From 2018-05-05 to 2018-08-30: 26 + 30 + 31 + 30 days.
    assert rows == [(1, Decimal("50.00"), 117)]


def test_six_orders_are_the_highest_band_of_frequency(demo, planted_ids):
    rows = demo.rows(
        f"""
        select frequency, f_score, monetary_amount from marts.customer_rfm
        where customer_id = '{planted_ids["eva"]}'
        """
    )
    assert rows == [(6, 5, Decimal("600.00"))]


def test_a_person_with_a_canceled_order_only_has_scores_but_no_rfm(demo, planted_ids):
    carla = planted_ids["carla"]
    counts = [
        demo.rows(f"select count(*) from marts.{mart} where customer_id = '{carla}'")[0][0]
        for mart in ("customer_rfm", "customer_segments", "customer_churn_scores", "customer_360")
    ]
    assert counts == [0, 1, 1, 1]


def test_features_of_a_planted_customer_are_as_computed_by_hand(demo, planted_ids):
    columns = ", ".join(ANA_FEATURES)
    (row,) = demo.rows(
        f"""
        select {columns} from features.customer_feature_snapshots
        where customer_id = '{planted_ids["ana"]}' and as_of_date = date '2018-08-30'
        """
    )
    for name, value in zip(ANA_FEATURES, row, strict=True):
        expected = ANA_FEATURES[name]
        if isinstance(expected, str):
            assert value == expected, name
        else:
            assert float(value) == pytest.approx(expected, abs=1e-12), name


def test_an_order_canceled_later_is_an_order_at_an_earlier_date(demo, planted_ids):
    """At 2018-08-01 nobody knew that Davi's second order could not be supplied."""
    rows = demo.rows(
        f"""
        select as_of_date, order_count, paid_amount from features.customer_feature_snapshots
        where customer_id = '{planted_ids["davi"]}' and as_of_date >= date '2018-06-01'
            and as_of_date in (select as_of_date from features.as_of_dates where is_snapshot_date)
        order by as_of_date
        """
    )
    assert rows == [
        (date(2018, 6, 1), 1, Decimal("50.00")),
        (date(2018, 7, 1), 2, Decimal("110.00")),
        (date(2018, 8, 1), 2, Decimal("110.00")),
        (date(2018, 8, 30), 2, Decimal("110.00")),
    ]


def test_what_was_under_way_at_a_date_is_told_by_the_timestamps(demo, planted_ids):
    """At 2018-08-01 Davi's second order was one that had been promised for December."""
    rows = demo.rows(
        f"""
        select open_order_count, overdue_order_count, item_count, worst_late_days
        from features.customer_feature_snapshots
        where customer_id = '{planted_ids["davi"]}' and as_of_date = date '2018-08-01'
        """
    )
    # Its items are not known (it was never supplied), so only the first order's piece counts.
    assert rows == [(2, 0, 1, 0)]


def test_labels_of_a_planted_customer_follow_the_calendar(demo, planted_ids):
    """Eva ordered on the second of each month from February to July 2018."""
    rows = dict(
        demo.rows(
            f"""
            select as_of_date, is_returning from features.customer_labels
            where customer_id = '{planted_ids["eva"]}' and label_window_days = 180
            """
        )
    )
    assert rows[date(2018, 3, 1)] is True
    assert rows[date(2018, 7, 1)] is True  # not over, but she has come back already
    assert rows[date(2018, 8, 1)] is None  # not over, and not back yet: unknown


def _parameters(demo, model_id):
    rows = demo.rows(
        f"""
        select parameter_name, component_id, feature_name, value
        from ml.model_parameters where model_id = '{model_id}'
        """
    )
    return {(name, component, feature): value for name, component, feature, value in rows}


def _scaled(parameters, features):
    """The stored preprocessing, by hand."""
    scaled = {}
    for name, _, feature in [key for key in parameters if key[0] == "center"]:
        assert name == "center"
        value = features[feature]
        if ("is_log1p", None, feature) in parameters:
            value = math.log(1 + value)
        center = parameters["center", None, feature]
        scaled[feature] = (value - center) / parameters["scale", None, feature]
    return scaled


def _step(parameters, feature, value):
    """The term of a step function: that of the first interval whose end the value does not pass."""
    ends = [
        (component, end)
        for (name, component, of), end in parameters.items()
        if name == "threshold" and of == feature
    ]
    passed = sum(1 for _, end in ends if value > end)
    return parameters["term", passed, feature]


def test_the_churn_score_of_a_planted_customer_is_as_computed_by_hand(demo, planted_ids):
    ((model_id, probability),) = demo.rows(
        f"""
        select model_id, return_probability from scoring.churn_logistic_terms
        where customer_id = '{planted_ids["ana"]}'
        """
    )
    parameters = _parameters(demo, model_id)
    log_odds = parameters["intercept", None, None] + sum(
        parameters["coefficient", None, feature] * value
        for feature, value in _scaled(parameters, ANA_FEATURES).items()
    )
    # Recalibrated along a line, if the folds asked for it.
    slope = parameters.get(("calibration_slope", None, None), 1.0)
    intercept = parameters.get(("calibration_intercept", None, None), 0.0)
    assert probability == pytest.approx(1 / (1 + math.exp(-slope * log_odds - intercept)), abs=1e-9)


def test_the_segment_of_a_planted_customer_is_the_nearest_centroid_by_hand(demo, planted_ids):
    ((segment_id,),) = demo.rows(
        f"select kmeans_segment_id from marts.customer_segments "
        f"where customer_id = '{planted_ids['ana']}'"
    )
    ((model_id,),) = demo.rows("select distinct model_id from scoring.segments_kmeans")
    parameters = _parameters(demo, model_id)
    scaled = _scaled(parameters, ANA_FEATURES)
    distances = {}
    for name, component, feature in parameters:
        if name == "centroid":
            gap = scaled[feature] - parameters[name, component, feature]
            distances[component] = distances.get(component, 0.0) + gap * gap
    assert segment_id == min(distances, key=lambda component: distances[component])


def test_reasons_are_the_three_largest_terms_by_hand(demo, planted_ids):
    ((model_id, family, is_exact, *reasons),) = demo.rows(
        f"""
        select model_id, family, reasons_are_exact, reason_1, reason_2, reason_3
        from marts.customer_churn_scores where customer_id = '{planted_ids["ana"]}'
        """
    )
    assert is_exact
    parameters = _parameters(demo, model_id)
    if family == "additive":
        terms = {
            feature: _step(parameters, feature, ANA_FEATURES[feature])
            for name, _, feature in parameters
            if name == "is_used"
        }
    else:
        assert family == "logistic"
        terms = {
            feature: parameters["coefficient", None, feature] * value
            for feature, value in _scaled(parameters, ANA_FEATURES).items()
        }
    largest = sorted(terms, key=lambda feature: (-abs(terms[feature]), feature))[:3]
    wording = dict(demo.rows("select feature_name, reason_text from canonical.feature_catalog"))
    for reason, feature in zip(reasons, largest, strict=True):
        assert reason.startswith(wording[feature].partition("{value}")[0])
        assert reason.endswith("(for)" if terms[feature] > 0 else "(against)")
    assert ("orders so far: 3 (for)" in reasons) == ("order_count" in largest)
