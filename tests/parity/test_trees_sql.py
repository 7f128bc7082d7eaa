"""Trees and step functions that SQL scores equal scikit-learn on 100,000 random people.

Missing values everywhere, values on thresholds and the next number to either side, and infinities
where the library takes them (its boosting does, its forest and the logistic regression do not).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from random_customers import with_infinities, with_odd_values
from shops import Shop
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from threadpoolctl import threadpool_limits

from ml.families import additive, boosting, logistic, random_forest, trees
from ml.features import FeatureMatrix
from ml.parameters import ParameterRow
from ml.registry import FittedModel
from ml.store.features import read_as_of_date, read_feature_rules, read_features
from ml.store.models import read_parameters, write_model

PEOPLE = 100_000
TOLERANCE = 1e-9
TABLES = {
    "additive": "churn_additive_terms",
    "boosting": "churn_boosting",
    "logistic": "churn_logistic_terms",
    "random_forest": "churn_random_forest",
}

Predict = Callable[[FeatureMatrix], np.ndarray]


@pytest.fixture(scope="module")
def fitted(demo, tmp_path_factory) -> tuple[Shop, FeatureMatrix, dict[str, Predict]]:
    """A shop with a live model of each family, 100,000 people, and the library's predictions."""
    shop = demo.copy_to(tmp_path_factory.mktemp("trees"))
    with shop.open(read_only=False) as connection, threadpool_limits(1):
        rules = read_feature_rules(connection, "churn")
        names = tuple(rule.feature_name for rule in rules)
        as_of_date = read_as_of_date(connection)
        features = read_features(connection, names, as_of_date)
        rng = np.random.default_rng(5)
        # Each feature matters, and so does that it is missing: ranks of sums of ranks.
        ranks = features.values.argsort(axis=0).argsort(axis=0) @ rng.normal(size=len(names))
        is_returning = ranks + rng.normal(0, ranks.std(), len(ranks)) > np.quantile(ranks, 0.8)

        def boosted(**hyperparameters: object) -> HistGradientBoostingClassifier:
            learner = HistGradientBoostingClassifier(
                early_stopping=False, random_state=1, min_samples_leaf=5, **hyperparameters
            )
            return learner.fit(features.values, is_returning)

        summed = boosted(interaction_cst="no_interactions", learning_rate=0.3)
        whole = boosted(max_iter=25)
        forest = RandomForestClassifier(
            n_estimators=25, max_leaf_nodes=24, max_samples=0.5, random_state=1
        ).fit(features.values, is_returning)
        grown, start = trees.boosted_trees(whole, names)
        shares = trees.forest_trees(forest, names)
        steps = additive.collapse(summed, names, features.values)
        regression = logistic.fit_logistic(features, is_returning, rules)
        rows = {
            "additive": additive.to_rows(steps),
            "boosting": boosting.to_rows(boosting.BoostingModel(grown, start)),
            "logistic": logistic.to_rows(regression),
            "random_forest": random_forest.to_rows(random_forest.RandomForestModel(shares)),
        }
        connection.execute("update ml.model_registry set status = 'retired'")
        for family, parameters in rows.items():
            model = FittedModel(
                purpose="churn",
                family=family,
                as_of_date=as_of_date,
                row_count=features.row_count,
                feature_count=len(names),
                settings={},
                code_version="test",
                verdict="passed",
                parameters=parameters,
                metrics=[],
            )
            write_model(connection, model)
    assert grown.leaf_count > 500
    assert shares.leaf_count > 500
    # Splits of known from missing are among them.
    assert np.isinf(grown.threshold).any()
    thresholds = {
        name: np.unique(
            [
                float(row.value)
                for parameters in rows.values()
                for row in parameters
                if row.parameter_name == "threshold" and row.feature_name == name
            ]
            + [
                threshold
                for tree in forest.estimators_
                for threshold in tree.tree_.threshold[tree.tree_.feature == index]
            ]
        )
        for index, name in enumerate(names)
    }
    drawn = features.values[rng.integers(0, features.row_count, PEOPLE)]
    people = with_odd_values(FeatureMatrix(names, drawn), thresholds, seed=3)
    predictions: dict[str, Predict] = {
        "additive": lambda matrix: summed.predict_proba(matrix.values)[:, 1],
        "boosting": lambda matrix: whole.predict_proba(matrix.values)[:, 1],
        "logistic": lambda matrix: logistic.predict_logistic(regression, matrix),
        "random_forest": lambda matrix: forest.predict_proba(matrix.values)[:, 1],
    }
    return shop, people, predictions


def score(shop: Shop, people: FeatureMatrix, families: list[str]) -> dict[str, dict]:
    """What SQL says of these people, in their order."""
    columns = {
        name: pa.array(people.values[:, index], from_pandas=True)
        for index, name in enumerate(people.feature_names)
    }
    with shop.open(read_only=False) as connection:
        as_of_date = read_as_of_date(connection)
        connection.register("people", pa.table({**columns, "number": np.arange(people.row_count)}))
        connection.execute(
            "create or replace table features.customer_feature_snapshots as "
            "select printf('%06d', number) as customer_id, cast(? as date) as as_of_date, "
            "* exclude (number) from people",
            [as_of_date],
        )
    shop.run("dbt", "run", "--select", *(TABLES[family] for family in families))
    with shop.open() as connection:
        types = connection.execute(
            "select distinct data_type from duckdb_columns() where schema_name = 'scoring' "
            "and (column_name like '%_term' or column_name like '%_probability') "
            "and starts_with(table_name, 'churn_')"
        ).fetchall()
        assert types == [("DOUBLE",)]
        return {
            family: connection.execute(
                f"select * from scoring.{TABLES[family]} order by customer_id"
            ).fetchnumpy()
            for family in families
        }


def check(scores: dict, expected: np.ndarray) -> None:
    assert len(scores["customer_id"]) == PEOPLE
    assert not np.ma.getmaskarray(scores["return_probability"]).any()
    assert np.abs(scores["return_probability"] - expected).max() < TOLERANCE
    assert expected.std() > 0.05


def test_sql_equals_the_library_on_missing_values_and_values_on_thresholds(fitted):
    shop, people, predictions = fitted
    scores = score(shop, people, list(TABLES))
    for family in ("additive", "boosting", "random_forest"):
        check(scores[family], predictions[family](people))
    # The terms are the log-odds, and each is the reference scorer's.
    with shop.open() as connection:
        (model_id,) = {str(model) for model in scores["additive"]["model_id"]}
        model = additive.from_rows(read_parameters(connection, model_id))
    terms = np.column_stack([scores["additive"][f"{name}_term"] for name in model.feature_names])
    assert np.abs(terms - additive.terms(model, people)).max() < TOLERANCE
    # What the regression does not take missing it is not asked.
    is_known = ~np.ma.getmaskarray(scores["logistic"]["return_probability"])
    assert is_known.sum() > PEOPLE / 10
    complete_people = FeatureMatrix(people.feature_names, people.values[is_known])
    difference = scores["logistic"]["return_probability"][is_known] - predictions["logistic"](
        complete_people
    )
    assert np.abs(difference).max() < TOLERANCE


def test_sql_equals_the_library_on_infinities_where_it_takes_them(fitted):
    shop, people, predictions = fitted
    endless = with_infinities(people, seed=4)
    assert np.isinf(endless.values).any(axis=0).all()
    for family, scores in score(shop, endless, ["additive", "boosting"]).items():
        check(scores, predictions[family](endless))


def test_what_is_too_large_to_compile_is_read_from_where_the_library_wrote_it(fitted):
    shop, people, _ = fitted
    with shop.open(read_only=False) as connection:
        as_of_date = read_as_of_date(connection)
        rows = [ParameterRow("intercept", 0.0)]  # never asked
        connection.execute("update ml.model_registry set status = 'retired'")
        for number, family in enumerate(("random_forest", "boosting")):
            model = FittedModel(
                purpose="churn",
                family=family,
                as_of_date=as_of_date,
                row_count=1,
                feature_count=1,
                settings={},
                code_version="test",
                verdict="passed",
                scored_by="library",
                parameters=rows,
                metrics=[],
            )
            model_id = write_model(connection, model)
            connection.execute(
                "insert into ml.library_scores values (?, ?, 'ana', ?), (?, ?, 'ana', 0.5), "
                "('another', ?, 'ana', 0.5)",
                [model_id, as_of_date, 0.125 + number / 2, model_id, "2018-01-01", as_of_date],
            )
    scores = score(shop, people, ["random_forest", "boosting"])
    for number, family in enumerate(("random_forest", "boosting")):
        assert scores[family]["customer_id"].tolist() == ["ana"]
        assert scores[family]["return_probability"].tolist() == [0.125 + number / 2]
