"""The macro ml_calibrated_probability equals ml/calibration.py to 1e-9, for any probability."""

from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.calibration import Calibration, fit_calibration

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "ml"
TOLERANCE = 1e-9


def render(rows):
    """The macro's SQL on the column raw_probability, of parameters as ml_live_model hands them."""
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(
        (MACROS / "double_literal.sql").read_text() +
        (MACROS / "ml_calibrated_probability.sql").read_text()
    )  # fmt: skip
    macros = template.module
    parameters = {}
    for row in rows:
        component = str(-1 if row.component_id is None else row.component_id)
        by_component = parameters.setdefault(row.parameter_name, {})
        by_component[component] = {"": {"": str(macros.double_literal(repr(row.value)))}}
    return str(macros.ml_calibrated_probability({"parameters": parameters}, "raw_probability"))


def score(rows, probability):
    with duckdb.connect() as connection:
        connection.execute("create table scored (row_number integer, raw_probability double)")
        connection.execute(
            "insert into scored select unnest(?), unnest(?)",
            [list(range(len(probability))), [float(value) for value in probability]],
        )
        scores = connection.execute(
            f"select cast({render(rows)} as double) from scored order by row_number"
        ).fetchall()
    return np.array([value for (value,) in scores])


def probabilities(calibration):
    """Random ones, both ends, the thresholds themselves and what lies beside them."""
    rng = np.random.default_rng(0)
    around = calibration.thresholds
    return np.concatenate(
        [
            rng.random(2000),
            rng.beta(1, 60, 2000),
            [0.0, 1.0, 1e-7, 1e-6, 1 - 1e-6, 1 - 1e-7, 5e-324, np.nextafter(1, 0)],
            around,
            np.clip(np.nextafter(around, 0), 0, 1),
            np.clip(np.nextafter(around, 1), 0, 1),
        ]
    )


def training(seed, rows=3000, decimals=2):
    """Labels and probabilities that are too sure of themselves and of which many tie."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-2, 1, rows)
    is_returning = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return is_returning, np.round(1 / (1 + np.exp(-2 * odds - 1)), decimals)


# A distance below the smallest normal number is lost where it is multiplied by another.
THRESHOLDS = st.floats(0, 1, allow_subnormal=False)


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("decimals", [1, 2, 17])
def test_sql_bends_probabilities_as_python_does(kind, decimals):
    is_returning, probability = training(1, decimals=decimals)
    calibration = fit_calibration(is_returning, probability, kind)
    given = probabilities(calibration)
    recalibrated = score(calibration.to_rows(), given)
    assert np.abs(recalibrated - calibration.apply(given)).max() < TOLERANCE
    assert np.ptp(recalibrated) > 0.3
    assert not np.allclose(recalibrated, given, atol=0.05)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 40), st.floats(-60, 60))
def test_any_sigmoid_is_the_same_in_sql(slope, intercept):
    calibration = Calibration("sigmoid", slope=slope, intercept=intercept)
    given = probabilities(calibration)
    recalibrated = score(calibration.to_rows(), given)
    assert np.abs(recalibrated - calibration.apply(given)).max() < TOLERANCE


@settings(max_examples=25, deadline=None)
@given(st.data(), st.lists(THRESHOLDS, min_size=1, max_size=12, unique=True))
def test_any_rising_line_is_the_same_in_sql(data, thresholds):
    levels = data.draw(
        st.lists(st.floats(0, 1), min_size=len(thresholds), max_size=len(thresholds))
    )
    calibration = Calibration(
        "isotonic",
        thresholds=np.array(sorted(thresholds)),
        probabilities=np.array(sorted(levels)),
    )
    given = probabilities(calibration)
    recalibrated = score(calibration.to_rows(), given)
    assert np.abs(recalibrated - calibration.apply(given)).max() < TOLERANCE


def test_without_calibration_rows_the_probability_is_left_as_it_is():
    given = probabilities(Calibration())
    assert np.array_equal(score([], given), given)


def test_an_unknown_probability_stays_unknown():
    for kind in ("sigmoid", "isotonic"):
        rows = fit_calibration(*training(2), kind).to_rows()
        with duckdb.connect() as connection:
            ((probability,),) = connection.execute(
                f"select {render(rows)} from (select cast(null as double) as raw_probability)"
            ).fetchall()
        assert probability is None
