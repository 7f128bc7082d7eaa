"""A registry of Regulars 0.6 (commit 22c15f1) gets its columns from dbt, and keeps its models."""

import json
from datetime import date

import pytest
from shops import Shop

# As that commit made the table, and what it wrote into it.
FORMER_TABLE = """
    drop table ml.model_registry;
    create table ml.model_registry (
        model_id varchar not null,
        purpose varchar not null,
        family varchar not null,
        status varchar not null,
        as_of_date date not null,
        trained_at timestamp not null,
        row_count bigint not null,
        feature_count integer not null,
        settings varchar not null,
        code_version varchar not null,
        status_reason varchar not null
        {check}
    );
    alter table ml.library_scores rename column score to return_probability;
    insert into ml.library_scores by name
    select
        'random_forest-20180830-5e7876ea' as model_id, date '2018-08-30' as as_of_date,
        'ana' as customer_id, 0.25 as return_probability;
"""
DATES = '"fitted_dates": ["2017-01-01", "2018-03-01"], "training_dates": ["2017-07-01"]'
JUDGED = f'{DATES}, "label_window_days": 180, "seed": 3, "test_date": "2018-03-01"'
LEAK = "suspected leak: ROC AUC 0.9300 on the test date, expected at most 0.75; 'x' alone has 0.9"
FORMER_ROWS = [
    (
        "logistic-20180830-cdebe441", "churn", "logistic", "champion", "AUC 0.6012",
        f'{{{JUDGED}, "scored_by": "sql", "gates": {{"evidence": "", "verdict": "passed"}}}}',
    ),
    (
        "random_forest-20180830-5e7876ea", "churn", "random_forest", "challenger", "refused: slope",
        f'{{{JUDGED}, "scored_by": "library", "gates": {{"evidence": "", "verdict": "slope"}}}}',
    ),
    (
        "boosting-20180830-b16239d9", "churn", "boosting", "not_eligible", LEAK,
        f'{{{JUDGED}, "scored_by": "sql", "gates": {{"evidence": "", "suspicion": "{LEAK}", '
        f'"verdict": "{LEAK}; not calibrated"}}}}',
    ),
    (
        "logistic-20180301-00000001", "churn", "logistic", "retired", "replaced by another",
        f'{{{DATES}, "label_window_days": 90, "test_date": "2017-09-01"}}',
    ),
    ("churn-20170301-not-eligible", "churn", "none", "not_eligible", "too few", "{}"),
    (
        "kmeans-20180830-7a5727d2", "segmentation", "kmeans", "champion", "rank 1 of 2",
        '{"candidate_id": "full-kmeans-4", "seed": 3, "segment_count": 4, "study": '
        '{"evidence": "rank 1 of 2", "study_id": "eb5b1505af572b33", "verdict": "passed"}}',
    ),
    (
        "gmm-20180830-1b3583bf", "segmentation", "gmm", "retired", "replaced by another",
        '{"component_count": 5, "seed": 3}',
    ),
]  # fmt: skip
CHURN_SETTINGS = {
    "fitted_dates": ["2017-01-01", "2018-03-01"], "training_dates": ["2017-07-01"], "seed": 3
}  # fmt: skip
DATED = {name: CHURN_SETTINGS[name] for name in ("fitted_dates", "training_dates")}
MARCH = date(2018, 3, 1)
# Verdict, evidence, date of the test, label window, scorer, and the settings that are left.
EXPECTED = {
    "logistic-20180830-cdebe441": ("passed", "", MARCH, 180, "sql", CHURN_SETTINGS),
    "random_forest-20180830-5e7876ea": ("slope", "", MARCH, 180, "library", CHURN_SETTINGS),
    "boosting-20180830-b16239d9": (LEAK, "", MARCH, 180, "sql", CHURN_SETTINGS),
    "logistic-20180301-00000001": (
        "fitted before churn models were held to gates", "", date(2017, 9, 1), 90, "sql", DATED
    ),
    "churn-20170301-not-eligible": ("too few", "", None, None, None, {}),
    "kmeans-20180830-7a5727d2": (
        "passed", "rank 1 of 2", None, None, "sql",
        {
            "candidate_id": "full-kmeans-4", "seed": 3, "segment_count": 4,
            "study_id": "eb5b1505af572b33",
        },
    ),
    "gmm-20180830-1b3583bf": (
        "no study of it is known", "", None, None, "sql", {"component_count": 5, "seed": 3}
    ),
}  # fmt: skip
REGISTRY = "from ml.model_registry order by model_id"
UPGRADE = ("dbt", "run", "--select", "live_models")


def make_former(shop: Shop, check: str = "") -> None:
    with shop.open(read_only=False) as connection:
        # Views on it are bound to its columns.
        connection.execute("drop view if exists scoring.live_models")
        connection.execute(FORMER_TABLE.format(check=check))
        connection.executemany(
            "insert into ml.model_registry values (?, ?, ?, ?, '2017-01-01', "
            "'2018-09-01 12:00:00', 100, 2, ?, '0.6.0', ?)",
            [[*row[:4], row[5], row[4]] for row in FORMER_ROWS],
        )


@pytest.fixture
def former(demo, tmp_path) -> Shop:
    shop = demo.copy_to(tmp_path)
    make_former(shop)
    return shop


def columns(shop: Shop, table: str = "model_registry") -> list[tuple[object, ...]]:
    return shop.rows(
        "select column_name, data_type from duckdb_columns() "
        f"where schema_name = 'ml' and table_name = '{table}' order by column_index"
    )


def test_a_bare_dbt_run_gives_a_former_registry_its_columns_once_and_keeps_the_rest(former, demo):
    history = former.rows("from ml.champion_history")
    former.run(*UPGRADE)
    assert columns(former) == columns(demo)
    rows = former.rows(
        "select model_id, verdict, evidence, test_date, label_window_days, scored_by, settings "
        "from ml.model_registry"
    )
    assert {row[0]: (*row[1:6], json.loads(str(row[6]))) for row in rows} == EXPECTED
    statuses = (
        "select model_id, purpose, family, status, status_reason from ml.model_registry order by 1"
    )
    assert former.rows(statuses) == sorted(row[:5] for row in FORMER_ROWS)
    assert former.rows("from ml.champion_history") == history
    champions = "select model_id from scoring.live_models where is_champion order by purpose"
    assert former.rows(champions) == [
        ("logistic-20180830-cdebe441",), ("kmeans-20180830-7a5727d2",)
    ]  # fmt: skip
    before = former.rows(REGISTRY), former.rows("from ml.library_scores")
    former.run(*UPGRADE)
    assert (former.rows(REGISTRY), former.rows("from ml.library_scores")) == before


def test_a_score_that_was_named_after_one_purpose_is_called_a_score_and_keeps_its_rows(
    former, demo
):
    scores = former.rows("from ml.library_scores order by all")
    assert ("return_probability", "DOUBLE") in columns(former, "library_scores")
    former.run(*UPGRADE)
    assert columns(former, "library_scores") == columns(demo, "library_scores")
    assert ("score", "DOUBLE") in columns(former, "library_scores")
    assert former.rows("from ml.library_scores order by all") == scores
    assert any(row[2:] == ("ana", 0.25) for row in scores)


def test_before_that_every_command_says_in_a_sentence_what_to_run(former):
    expected = "made by an earlier version, without verdict, evidence, test_date"
    for command in (("models", "list"), ("models", "rollback", "--purpose", "churn")):
        done = former.run("regulars", *command, check=False)
        assert done.returncode != 0
        assert expected in " ".join(done.stderr.split()), command
    assert expected in " ".join(former.run("regulars", "status").stdout.split())
    fit = former.run("regulars", "fit", "--purpose", "churn", check=False)
    assert fit.returncode != 0
    assert expected in " ".join((fit.stdout + fit.stderr).split())
    compiled = former.run("dbt", "compile", "--select", "segments_kmeans", check=False)
    assert compiled.returncode != 0
    assert "is of Regulars 0.6 or earlier" in " ".join(compiled.stdout.split())


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ("not JSON", ""),
        ('{"test_date": "in March"}', ""),
        ('{"label_window_days": "half a year"}', ""),
        # Refused by the database only when the columns have been added.
        (None, ", check (family <> 'logistic' or contains(settings, 'test_date'))"),
    ],
)
def test_a_registry_that_cannot_be_brought_up_to_date_stays_as_it_was(
    demo, tmp_path, settings, check
):
    shop = demo.copy_to(tmp_path)
    make_former(shop, check)
    if settings is not None:
        with shop.open(read_only=False) as connection:
            connection.execute(
                "update ml.model_registry set settings = ? where family = 'gmm'", [settings]
            )
    before = columns(shop), shop.rows(REGISTRY)
    done = shop.run(*UPGRADE, check=False)
    assert done.returncode != 0
    assert (columns(shop), shop.rows(REGISTRY)) == before
    if settings is not None:
        printed = " ".join(done.stdout.split())
        assert (
            "got others for gmm-20180830-1b3583bf; delete its row, or move the warehouse" in printed
        )
