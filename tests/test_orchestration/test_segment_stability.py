"""As of which dates stability is looked at, and how far features drift between them."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstwobign
from shops import PROJECT_DIR

AS_OF = date(2018, 8, 30)
STEPS = [AS_OF - timedelta(days=14 * step) for step in range(10, -1, -1)]
FROZEN = STEPS[0]


def days_of(shop, condition):
    rows = shop.rows(f"select as_of_date from features.as_of_dates where {condition} order by 1")
    return [day for (day,) in rows]


def test_stability_is_looked_at_every_two_weeks_back_from_the_as_of_date(demo):
    assert days_of(demo, "is_stability_date") == STEPS
    months = [date(2017 + month // 12, month % 12 + 1, 1) for month in range(20)]
    assert days_of(demo, "is_snapshot_date") == [*months, AS_OF]
    assert len(days_of(demo, "true")) == 31, "the as-of date is both"


def test_labels_and_rfm_stay_on_the_snapshot_dates(demo):
    snapshots = days_of(demo, "is_snapshot_date")
    for table, dates in {
        "features.customer_feature_snapshots": sorted({*snapshots, *STEPS}),
        "features.customer_labels": snapshots,
        "marts.label_rates": snapshots,
        "marts.rfm_snapshots": snapshots,
        "marts.rfm_migrations": snapshots[:-1],
    }.items():
        rows = demo.rows(f"select distinct as_of_date from {table} order by 1")
        assert [day for (day,) in rows] == dates, table


@pytest.mark.parametrize(
    ("variables", "stability_dates"),
    [
        (
            {"REGULARS_AS_OF_DATE": "2017-02-10"},
            ["2017-01-13", "2017-01-27", "2017-02-10"],
        ),
        ({"REGULARS_SNAPSHOT_DATES": "2018-08-16"}, []),
        (
            {"stability_step_days": 7, "stability_step_count": 3},
            ["2018-08-09", "2018-08-16", "2018-08-23", "2018-08-30"],
        ),
    ],
    ids=["not before the window opens", "none where dates are asked for", "as the settings say"],
)
def test_the_grid_of_dates_follows_the_settings(demo, tmp_path, variables, stability_dates):
    compiling = ["dbt", "compile", "--quiet", "--select", "as_of_dates"]
    environment = {}
    if all(name.startswith("REGULARS_") for name in variables):
        environment = variables
    else:
        compiling += ["--vars", json.dumps(variables)]
    sql = demo.copy_to(tmp_path / "copy").run(*compiling, **environment).stdout
    dates = duckdb.sql(f"select as_of_date from ({sql}) where is_stability_date order by 1")
    assert [str(day) for (day,) in dates.fetchall()] == stability_dates


# --- drift, against scipy and a population stability index worked out apart from the SQL ---


def psi(then: list[float | None], now: list[float | None]) -> float:
    """Siddiqi's index over the deciles of `then`, missing values as a bin of their own."""
    seen = np.array([value for value in then if value is not None], dtype=float)
    edges = (
        np.unique(np.quantile(seen, np.arange(1, 10) / 10, method="inverted_cdf"))
        if len(seen)
        else np.array([])
    )

    def shares(values):
        counts = np.zeros(len(edges) + 2)
        for value in values:
            # A bin holds what is above the edge before it, up to its own edge.
            counts[-1 if value is None else np.searchsorted(edges, value, side="left")] += 1
        return np.maximum(counts / len(values), 0.0001)

    before, after = shares(then), shares(now)
    return float(np.sum((after - before) * np.log(after / before)))


def kolmogorov_smirnov(then: list[float | None], now: list[float | None]) -> float | None:
    one, other = ([v for v in values if v is not None] for values in (then, now))
    if not one or not other:
        return None
    return float(ks_2samp(one, other, method="asymp").statistic)


@pytest.fixture(scope="module")
def drift(demo, tmp_path_factory):
    """A function from (person, date, sum paid) to that feature's drift, by dbt's SQL."""
    features = [
        name
        for (name,) in demo.rows(
            "select feature_name from features.supplied_features where transform <> 'none'"
        )
    ]
    sql = demo.copy_to(tmp_path_factory.mktemp("compiled")).run(
        "dbt", "compile", "--quiet", "--select", "feature_drift",
        "--vars", "{stability_step_count: 2}",
    ).stdout  # fmt: skip
    connection = duckdb.connect()
    connection.execute(
        "attach ':memory:' as regulars; create schema regulars.canonical;"
        "create schema regulars.features"
    )
    for seed in ("drift_levels", "feature_catalog"):
        connection.execute(
            f"create table regulars.canonical.{seed} as "
            f"from read_csv('{PROJECT_DIR / 'seeds' / seed}.csv')"
        )
    others = ", ".join(f"1 as {name}" for name in features if name != "paid_amount")
    connection.execute(
        "create table people (customer_id varchar, as_of_date date, paid_amount double);"
        "create view regulars.features.customer_feature_snapshots as "
        f"select *, {others} from people"
    )

    def run(people):
        connection.execute("delete from people")
        connection.executemany("insert into people values (?, ?, ?)", people)
        rows = connection.execute(f"from ({sql}) where feature_name = 'paid_amount'").fetchall()
        names = [column[0] for column in connection.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    return run


# Ties, missing values and values that were not there at the frozen date are all frequent.
value = st.one_of(st.none(), st.integers(0, 12).map(float), st.floats(-5, 20, width=16))
values = st.lists(value, min_size=1, max_size=60)


# scipy warns of its p-value for tiny samples, which nobody looks at here.
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@settings(max_examples=80, deadline=None)
@given(then=values, now=values, newcomers=st.lists(value, max_size=40))
def test_drift_is_what_scipy_and_an_index_worked_out_apart_say(drift, then, now, newcomers):
    now = (now * len(then))[: len(then)]  # nobody is forgotten
    people = [(f"p{n}", STEPS[-3], v) for n, v in enumerate(then)]
    for day in STEPS[-2:]:
        people += [(f"p{n}", day, v) for n, v in enumerate(now)]
        people += [(f"new{n}", day, v) for n, v in enumerate(newcomers)]
    rows = drift(people)
    assert {(row["as_of_date"], row["population"]) for row in rows} == {
        (day, population) for day in STEPS[-2:] for population in ("everybody", "same people")
    }
    for row in rows:
        sample = now + (newcomers if row["population"] == "everybody" else [])
        assert row["frozen_date"] == STEPS[-3]
        assert row["customer_count"] == len(sample)
        assert row["population_stability_index"] == pytest.approx(psi(then, sample), abs=1e-12)
        expected = kolmogorov_smirnov(then, sample)
        if expected is None:
            assert row["kolmogorov_smirnov_statistic"] is None
            continue
        assert row["kolmogorov_smirnov_statistic"] == pytest.approx(expected, abs=1e-12)
        n, m = (sum(v is not None for v in values) for values in (then, sample))
        # scipy's quantile of the limit has a second term that the usual formula leaves out.
        assert row["kolmogorov_smirnov_critical_value"] == pytest.approx(
            kstwobign.isf(0.05) * math.sqrt((n + m) / (n * m)), rel=1e-3
        )


def test_what_did_not_move_is_stable_and_what_moved_wholly_is_another_distribution(drift):
    people = [(f"p{n}", day, float(n)) for n in range(100) for day in STEPS[-3:-1]]
    people += [(f"p{n}", STEPS[-1], float(n + 1000)) for n in range(100)]
    rows = {(row["as_of_date"], row["population"]): row for row in drift(people)}
    still, moved = rows[STEPS[-2], "same people"], rows[STEPS[-1], "same people"]
    assert still["population_stability_index"] == still["kolmogorov_smirnov_statistic"] == 0
    assert still["drift_level"] == "stable"
    assert moved["kolmogorov_smirnov_statistic"] == 1
    # Nine deciles of 10 % are empty, the tenth holds everybody.
    assert moved["population_stability_index"] == pytest.approx(
        9 * (0.0001 - 0.1) * math.log(0.0001 / 0.1) + 0.9 * math.log(1 / 0.1)
    )
    assert moved["drift_level"] == "large"


@pytest.mark.parametrize(
    ("moved_count", "level"), [(15, "stable"), (16, "moderate"), (23, "moderate"), (24, "large")]
)
def test_levels_begin_at_their_index(drift, moved_count, level):
    """Two values, half and half; shifting a share s of people is s ln((0.5 + s) / (0.5 - s)).

    That passes 0.1 between s = 0.15 and 0.16, and 0.25 between 0.23 and 0.24.
    """
    then = [(f"p{n}", STEPS[-3], float(n < 50)) for n in range(100)]
    people = then + [
        (f"p{n}", day, float(n < 50 + moved_count)) for n in range(100) for day in STEPS[-2:]
    ]
    row = drift(people)[0]
    s = moved_count / 100
    index = s * math.log((0.5 + s) / (0.5 - s))
    assert row["population_stability_index"] == pytest.approx(index)
    assert row["drift_level"] == level


def test_what_drifts_by_construction_is_left_out_and_only_of_the_same_people(demo):
    rows = demo.rows(
        "select distinct population, is_left_out, drifts_by_construction, feature_name "
        "from marts_ml.feature_drift"
    )
    # Means and shares over orders can go either way; all else grows, or comes in later.
    either_way = {"average_order_amount", "freight_share", "average_installment_count",
                  "voucher_share", "weekend_order_share", "average_seller_distance_km"}  # fmt: skip
    assert {name for _, _, drifts, name in rows if not drifts} == either_way
    assert len({name for *_, name in rows}) == len(rows) / 2 > len(either_way)
    for population, is_left_out, drifts, name in rows:
        assert is_left_out == (drifts and population == "same people"), name
    # Reviews come in for orders that were there: nobody of these people ordered again.
    ((more, less),) = demo.rows(
        "select count(*) filter (now.review_count > before.review_count), "
        "count(*) filter (now.review_count < before.review_count) "
        "from features.customer_feature_snapshots as before "
        "inner join features.customer_feature_snapshots as now "
        "on before.customer_id = now.customer_id and before.order_count = now.order_count "
        f"where before.as_of_date = date '{FROZEN}' and now.as_of_date = date '{AS_OF}'"
    )
    assert more > less == 0
    # Among people who did not order in between, recency has grown by the days in between.
    assert demo.rows(
        "select min(now.recency_days - before.recency_days), "
        "max(now.recency_days - before.recency_days) "
        "from features.customer_feature_snapshots as before "
        "inner join features.customer_feature_snapshots as now "
        "on before.customer_id = now.customer_id and before.order_count = now.order_count "
        f"where before.as_of_date = date '{FROZEN}' and now.as_of_date = date '{AS_OF}'"
    ) == [(140, 140)]


def test_there_is_one_advice_before_anything_is_fitted_and_after(demo, tmp_path):
    assert demo.rows("select count(*), count(advice) from marts.refit_advice") == [(1, 1)]
    shop = demo.copy_to(tmp_path)
    with shop.open(read_only=False) as connection:
        for table in ("model_registry", "model_parameters", "model_metrics", "segment_stability"):
            connection.execute(f"delete from ml.{table}")
    shop.run("dbt", "run", "--select", "segment_stability", "refit_advice")
    assert shop.rows(
        "select model_id, refit_by_date, is_refit_due, advice from marts.refit_advice"
    ) == [(None, None, False, "There are no segments yet, so there is nothing to fit again.")]
