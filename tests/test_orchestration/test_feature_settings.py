"""As of which dates features are made, and of what a source supplies."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def own(demo, tmp_path_factory):
    return demo.copy_to(tmp_path_factory.mktemp("feature-settings"))


DATES = "select distinct cast(as_of_date as varchar) from features.{} order by 1"
FEATURES = ("--select", "features")


def dates_of(shop, table):
    return [day for (day,) in shop.rows(DATES.format(table))]


def test_snapshots_are_of_the_dates_asked_for_and_the_as_of_date(own, demo):
    own.run("dbt", "run", *FEATURES, REGULARS_SNAPSHOT_DATES="2018-03-01, 2017-09-15")
    expected = ["2017-09-15", "2018-03-01", "2018-08-30"]
    assert dates_of(own, "customer_feature_snapshots") == expected
    assert dates_of(own, "customer_labels") == expected
    # A list, as a variable; what was there for other dates goes, what stays is not touched.
    own.run("dbt", "run", *FEATURES, "--vars", "{snapshot_dates: [2018-03-01]}")
    assert dates_of(own, "customer_feature_snapshots") == ["2018-03-01", "2018-08-30"]
    monthly = demo.rows(
        "from features.customer_feature_snapshots "
        "where as_of_date in (date '2018-03-01', date '2018-08-30') order by all"
    )
    assert own.rows("from features.customer_feature_snapshots order by all") == monthly


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ("2018-02-30", "must be a day of the calendar, got '2018-02-30'"),
        ("01/03/2018", "must look like 2018-09-01, got '01/03/2018'"),
        ("2018-09-01", "must be 2018-08-30 (the as-of date of the build) or before, got"),
    ],
)
def test_a_date_that_cannot_be_is_refused_in_a_sentence(own, dates, message):
    done = own.run("dbt", "run", *FEATURES, check=False, REGULARS_SNAPSHOT_DATES=dates)
    assert done.returncode != 0
    assert message in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        pytest.param(FEATURES, {"REGULARS_AS_OF_DATE": "2018-03-01"}, id="an earlier date"),
        pytest.param(
            [*FEATURES, "--vars", "{label_window_days: [30, 180]}"],
            {},
            id="other label windows",
            marks=pytest.mark.long,
        ),
        pytest.param(
            FEATURES,
            {"REGULARS_SNAPSHOT_DATES": "2017-09-15, 2018-08-01"},
            id="other dates",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["--select", "customer_feature_snapshots"],
            {},
            id="one model alone",
            marks=pytest.mark.long,
        ),
    ],
)
def test_whatever_was_built_before_a_build_is_as_from_nothing(demo, tmp_path, arguments, settings):
    """Another build, then the usual one: the same rows as the demo shop's first build."""
    shop = demo.copy_to(tmp_path)
    shop.run("dbt", "run", *arguments, **settings)
    if "features" in arguments:
        changed = shop.rows(DATES.format("customer_labels"))
        windows = shop.rows(
            "select count(distinct label_window_days) from features.customer_labels"
        )
        assert (changed, windows) != (demo.rows(DATES.format("customer_labels")), [(3,)])
    shop.run("dbt", "run", *FEATURES)
    for table in ("customer_feature_snapshots", "customer_labels"):
        rows = f"from features.{table} order by all"
        assert shop.rows(rows) == demo.rows(rows), table


def test_a_table_of_the_former_version_is_brought_up_to_date(demo, tmp_path):
    """As issue 2 left it: fewer features, one label window, no note of what it was made of."""
    shop = demo.copy_to(tmp_path)
    with shop.open(read_only=False) as connection:
        connection.execute(
            "drop table features.facts_worked_out;"
            "alter table features.customer_feature_snapshots drop column voucher_share;"
            "update features.customer_feature_snapshots set item_count = 0;"
            "delete from features.customer_labels where label_window_days <> 180"
        )
    shop.run("dbt", "run", *FEATURES)
    with shop.open() as connection:
        columns = connection.execute("describe features.customer_feature_snapshots").fetchall()
    names = ", ".join(sorted(name for name, *_ in columns))
    for rows in (
        f"select {names} from features.customer_feature_snapshots order by all",
        "from features.customer_labels order by all",
    ):
        assert shop.rows(rows) == demo.rows(rows)


def test_a_column_of_another_type_asks_for_a_full_refresh(demo, tmp_path):
    shop = demo.copy_to(tmp_path)
    with shop.open(read_only=False) as connection:
        connection.execute(
            "alter table features.customer_feature_snapshots "
            "alter column average_gap_days type integer"
        )
    before = shop.rows("from features.customer_feature_snapshots order by all")
    done = shop.run("dbt", "run", *FEATURES, check=False)
    assert done.returncode != 0
    printed = " ".join(done.stdout.split())
    assert "has the column average_gap_days as integer, the model has it as double" in printed
    assert "--full-refresh" in printed
    assert shop.rows("from features.customer_feature_snapshots order by all") == before
    shop.run("dbt", "run", *FEATURES, "--full-refresh")
    rows = "from features.customer_feature_snapshots order by all"
    assert shop.rows(rows) == demo.rows(rows)


def test_what_a_source_cannot_supply_is_null_and_no_model_uses_it(own):
    with own.open(read_only=False) as connection:
        connection.execute(
            "update canonical.feature_catalog set needs = 'telepathy' where family = 'satisfaction'"
        )
    # cautious: the marts are not built again, and their tests would find what was there before.
    done = own.run("dbt", "build", "--indirect-selection", "cautious", *FEATURES)
    assert "ERROR=0" in done.stdout
    counts = own.rows(
        "select count(*) > 0, count(review_count), count(average_review_score), "
        "count(commented_share), count(*) - count(paid_amount) "
        "from features.customer_feature_snapshots"
    )
    assert counts == [(True, 0, 0, 0, 0)]
    own.run("regulars", "fit")
    used = own.rows(
        "select model_id, max(cast(feature_name = 'average_review_score' as integer)), "
        "max(cast(feature_name = 'average_order_amount' as integer)) "
        "from ml.model_parameters inner join ml.model_registry using (model_id) "
        "where status in ('champion', 'challenger') group by model_id"
    )
    assert len(used) >= 6
    assert {row[1] for row in used} == {0}
    # BG/NBD knows purchase days only; a forest may do without any one feature.
    sure = ("kmeans", "gmm", "logistic", "additive")
    assert {row[2] for row in used if str(row[0]).startswith(sure)} == {1}
