"""Stand-ins with which sqlfluff renders the models without dbt, a warehouse or a fitted model."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

_PROJECT_FILE = Path(__file__).resolve().parents[2] / "dbt_project.yml"
_VARIABLES: dict[str, Any] = yaml.safe_load(_PROJECT_FILE.read_text(encoding="utf-8"))["vars"]


def _everywhere(value: Any) -> defaultdict[Any, Any]:
    return defaultdict(lambda: value, {0: value, 1: value})


_VALUES = _everywhere(_everywhere(_everywhere("1e0")))


def ml_live_model(purpose: str, scoring_model: str | None = None) -> dict[str, Any]:
    """A model with two features and two components, whatever is asked for."""
    parameters: defaultdict[str, Any] = defaultdict(lambda: _VALUES)
    parameters.update({"centroid": _VALUES, "weight": _VALUES})
    return {
        "model_id": f"{scoring_model or purpose}-20180830-00000000",
        "family": scoring_model,
        "status": "champion",
        "feature_names": ["recency_days", "paid_amount"],
        "parameters": parameters,
    }


def scoring_models(purpose: str, *, with_terms: bool = False) -> list[str]:
    """Two models, named for the purpose."""
    del with_terms
    return [f"{purpose}_one", f"{purpose}_other"]


def ml_may_score(registry: str) -> str:
    """A condition on the status."""
    return f"{registry}.status = 'champion'"


def ml_is_of_the_time(registry: str) -> str:
    """A condition on the date."""
    return f"{registry}.as_of_date <= date '2018-08-30'"


def ml_require_features(*_arguments: Any) -> str:
    """Nothing to check."""
    return ""


ml_require_library_scores = ml_require_features


def ml_scaled_feature(_live: Any, feature: str) -> str:
    """An expression on the feature."""
    return f"({feature} - 1e0) / 1e0"


def ml_kmeans_distance(_live: Any, _component: int) -> str:
    """An expression on two features."""
    return "recency_days + paid_amount"


def ml_gmm_log_density(_live: Any, _component: int, scaled: str) -> str:
    """An expression on a vector."""
    return f"sum_of({scaled})"


def vector(expressions: list[str]) -> str:
    """A function call."""
    return f"vector_of({', '.join(expressions)})"


def ml_logistic_term(_live: Any, feature: str) -> str:
    """An expression on the feature."""
    return f"1e0 * {feature}"


def ml_step_function(_live: Any, feature: str) -> str:
    """An expression on the feature."""
    return f"case when {feature} <= 1e0 then 0e0 else 1e0 end"


def ml_tree_ensemble(_live: Any) -> str:
    """An expression on two features."""
    return "recency_days + paid_amount"


def ml_tree_scores(_family: str, *, caller: Callable[..., str]) -> str:
    """A query with the probability of the caller."""
    probability = caller(ml_live_model("churn")).strip()
    return f"select\n    customer_id,\n    {probability} as return_probability\nfrom features"


def ml_term_scores(_family: str, *, caller: Callable[..., str]) -> str:
    """A query with one term of the caller."""
    term = caller(ml_live_model("churn"), "recency_days").strip()
    return f"select\n    customer_id,\n    {term} as recency_days_term\nfrom features"


def ml_no_scores(columns: dict[str, str]) -> str:
    """A query with these columns."""
    return "select\n    " + ",\n    ".join(f"null as {name}" for name in columns)


def ml_scaled_snapshots(_live: Any) -> str:
    """A query with two features."""
    return "select\n        customer_id,\n        as_of_date\n    from snapshots"


def ml_best_measure(
    components: list[int], measure: str, pick: str, other_than: str | None = None
) -> str:
    """A function call."""
    del other_than
    return f"{pick}({', '.join(f'{measure}_{component}' for component in components)})"


def ml_component_with(
    _components: list[int], measure: str, value: str, other_than: str | None = None
) -> str:
    """A difference."""
    del other_than
    return f"({measure}_0 - {value})"


def ml_calibrated_probability(_live: Any, probability: str) -> str:
    """A probability."""
    return f"least({probability}, 1e0)"


def source_name() -> str:
    """The source where nobody says which."""
    return str(_VARIABLES["source"])


def conformed(entities: str, verb: str = "conform") -> str:
    """A table name."""
    return f"{verb}ed_{entities}"


def not_supplied(_entities: str, columns: list[str]) -> str:
    """A column per name."""
    return ", ".join(f"null as {column}" for column in columns)


def has_capability(capability: str) -> str:
    """A condition."""
    return f"('{capability}' = 'payments')"


def source_setting(name: str) -> str:
    """A text, or a number where one is expected."""
    return "EUR" if name.endswith("_code") else "1"


def label_windows() -> list[int]:
    """Two windows."""
    return [90, 180]


def pieces(quantity: str) -> str:
    """An aggregate."""
    return f"sum({quantity})"


def is_mostly_one(number: str) -> str:
    """A condition on an aggregate."""
    return f"count({number}) > 1"


def as_of_date() -> str:
    """A date."""
    return "2018-08-30"


window_start_date = as_of_date


def snapshot_dates() -> list[str]:
    """Two dates."""
    return ["2018-08-01", "2018-08-30"]


stability_dates = snapshot_dates


def date_literal(value: str) -> str:
    """A date in SQL."""
    return f"cast('{value}' as date)"


def type_double() -> str:
    """A type."""
    return "double"


def listed_value(column: str) -> str:
    """A text."""
    return f"lower({column})"


place_code = listed_value


def count_warning(
    warning_code: str, rows: str, condition: str, whole: str = "1 = 1", amount: str = "null"
) -> str:
    """A row of counts."""
    return (
        f"select\n        '{warning_code}' as warning_code,\n"
        f"        count(case when {condition} then 1 end) as row_count,\n"
        f"        count(case when {whole} then 1 end) as row_total,\n"
        f"        sum({amount}) as amount\n    from {rows}"
    )


def money(expression: str) -> str:
    """A cast."""
    return f"cast({expression} as decimal(18, 2))"


def ratio(numerator: str, denominator: str) -> str:
    """A quotient."""
    return f"({numerator} / {denominator})"


share_of = ratio


def population_variance(count: str, total: str, square_sum: str) -> str:
    """A difference."""
    return f"({square_sum} / {count} - {total} / {count} * {total} / {count})"


def value_in_words(value: str, unit: str, currency_code: str) -> str:
    """A text."""
    return f"({value} || {unit} || {currency_code})"


def filled_text(text: str, figures: dict[str, str]) -> str:
    """A text with its figures in it."""
    for name, figure in figures.items():
        placeholder = f"'{{{name}}}'"
        text = f"replace({text}, {placeholder}, coalesce({figure}, {placeholder}))"
    return text


def number_text(value: str, digits: int = 2) -> str:
    """A text."""
    return f"cast(cast({value} as decimal(18, {digits})) as varchar)"


short_number_text = number_text


def date_text(value: str) -> str:
    """A text."""
    return f"cast({value} as varchar)"


def json_text(document: str, key: str) -> str:
    """A function call."""
    return f"json_extract_string({document}, '$.{key}')"


listed_dates = json_text


def quintile_score(ordering: str, partition_by: str | None = None) -> str:
    """A window function."""
    if partition_by:
        return f"rank() over (partition by {partition_by} order by {ordering})"
    return f"rank() over (order by {ordering})"


quintile_score_from_best = quintile_score


def rfm_scored(people: str, *, frequency: str, monetary: str) -> str:
    """A query."""
    return f"select\n        {frequency},\n        {monetary}\n    from {people}"


def usual_order_range(order_days: str) -> str:
    """A query."""
    return f"select\n        first_order_date,\n        last_order_date\n    from {order_days}"


def migrations(states: str, state: str, *, dates: str, along: tuple[str, ...] = ()) -> str:
    """A query."""
    del along
    return f"select {states}.{state} from {states} cross join {dates}"


def days_between(*moments: str) -> str:
    """A difference."""
    return f"({' - '.join(moments)})"


seconds_between = days_between


def add_days(moment: str, days: str) -> str:
    """A sum."""
    return f"({moment} + {days})"


add_months = add_days


def each_day(first_day: str, last_day: str) -> str:
    """A row per element."""
    return f"unnest([{first_day}, {last_day}])"


def each_number(last_number: str) -> str:
    """A row per element."""
    return f"unnest(range(1, {last_number}))"


def is_weekend(moment: str) -> str:
    """A comparison."""
    return f"({moment} > 5)"


months_between = distance_km = days_between


def median(expression: str) -> str:
    """A function call."""
    return f"median({expression})"


def row_digest(columns: list[str]) -> str:
    """A function call."""
    return f"md5({' || '.join(columns)})"


def marts_by_need() -> str:
    """A capability with the marts that need it."""
    return "select\n        'payments' as capability,\n        'payment_mix' as marts"


def supplied_features(*, numbers_only: bool = False) -> list[str]:
    """One feature, a number; the stand-in below does not ask."""
    del numbers_only
    return ["recency_days"]


def double_literal(value: str) -> str:
    """A number in 64 bits."""
    return f"{value}e0"


def feature_column(_supplied: list[str], feature: str, kind: str) -> str:
    """A cast."""
    return f"cast({feature} as {kind})"


def stale_labels() -> str:
    """A condition."""
    return "1 = 0"


def forget_stale_rows(*_arguments: str, **_settings: str) -> str:
    """A hook, not part of the model."""
    return ""


remember_facts = forget_stale_rows


class _Adapter:
    """What dbt knows of the warehouse."""

    @staticmethod
    def get_columns_in_relation(_relation: str) -> list[dict[str, str]]:
        """One column."""
        return [{"name": "recency_days"}]


adapter = _Adapter()


class _Dbt:
    """dbt's own cross-database macros."""

    @staticmethod
    def hash(expression: str) -> str:
        """A function call."""
        return f"md5({expression})"

    @staticmethod
    def listagg(expression: str, delimiter: str, order_by: str) -> str:
        """An aggregate."""
        return f"string_agg({expression}, {delimiter} {order_by})"

    @staticmethod
    def date_trunc(part: str, moment: str) -> str:
        """A function call."""
        return f"date_trunc('{part}', {moment})"

    @staticmethod
    def dateadd(part: str, count: int, moment: str) -> str:
        """A sum."""
        return f"date_add({moment}, interval {count} {part})"


dbt = _Dbt()


def var(name: str, default: Any = None) -> Any:
    """What the models ask dbt_project.yml for."""
    return _VARIABLES.get(name, default)
