"""Pages: what a file becomes, what an error says, and that the shipped ones build on any marts."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import duckdb
import jinja2
import pytest
import yaml
from derived_marts import derive_marts, schema_of

from orchestration.loading.profiles import profile_new_loads
from orchestration.settings import PROJECT_DIR
from reports.build import PAGES_DIR, PageError, build_report, find_pages, read_page

MARTS = PROJECT_DIR / "dbt_project" / "models" / "marts"
AS_OF = date(2018, 8, 30)
FIGURES = re.compile(r'<script type="application/json">(.*?)</script>')
NASTY = "</script><script>alert(1)</script><img src=http://example.test/x>"

# Two people: Ana bought twice, Bea once.
PEOPLE = [
    {
        "customer_id": "ana", "as_of_date": AS_OF, "first_order_at": datetime(2018, 6, 1),
        "last_order_at": datetime(2018, 7, 1), "recency_days": 60, "frequency": 2,
        "purchase_day_count": 2,
        "monetary_amount": Decimal("250.00"), "r_score": 4, "f_score": 2, "m_score": 5,
        "rfm_score": "425", "rfm_segment": "promising",
    },
    {
        "customer_id": "bea", "as_of_date": AS_OF, "first_order_at": datetime(2016, 12, 1),
        "last_order_at": datetime(2016, 12, 1), "recency_days": 637, "frequency": 1,
        "purchase_day_count": 1,
        "monetary_amount": Decimal("50.00"), "r_score": 1, "f_score": 1, "m_score": 1,
        "rfm_score": "111", "rfm_segment": "lost",
    },
]  # fmt: skip
MONTHS = [
    {
        "order_month_date": month, "order_count": 1, "customer_count": 1,
        "new_customer_count": 1 - repeats, "repeat_order_count": repeats, "paid_amount": paid,
        "order_amount": paid, "net_amount": paid - repeats,
        "average_order_amount": float(paid), "repeat_order_share": float(repeats),
        "is_in_window": month >= date(2017, 1, 1),
    }
    for month, repeats, paid in [
        (date(2016, 12, 1), 0, Decimal("50.00")),
        (date(2018, 6, 1), 0, Decimal("150.00")),
        (date(2018, 7, 1), 1, Decimal("100.00")),
    ]
]  # fmt: skip
SHOP = {
    "build_info": [
        {"source_name": "any", "as_of_date": AS_OF, "window_start_date": date(2017, 1, 1),
         "currency_code": "BRL"}
    ],
    "churn_verdict": [
        {"as_of_date": AS_OF, "label_window_days": 180, "status": "no champion",
         "status_reason": "nothing was fitted yet", "beats_baseline": False,
         "answer": "no model may score",
         "verdict": "No churn model may score: nothing was fitted yet"}
    ],
    "customer_rfm": PEOPLE,
    "customer_360": [
        {"customer_id": person["customer_id"], "rfm_segment": person["rfm_segment"],
         "playbook_action": f"Write to {person['rfm_segment']}", "playbook_channel": "e-mail"}
        for person in PEOPLE
    ],
    "orders_monthly": MONTHS,
    "cohort_retention": [
        {"cohort_month_date": cohort, "month_number": number, "cohort_customer_count": 1,
         "active_customer_count": active, "retention_rate": float(active), "order_count": active,
         "paid_amount": paid, "order_amount": paid, "is_month_complete": number < last,
         "is_in_window": cohort >= date(2017, 1, 1)}
        for cohort, last, bought in [
            (date(2016, 12, 1), 20, {0: Decimal("50.00")}),
            (date(2018, 6, 1), 2, {0: Decimal("150.00"), 1: Decimal("100.00")}),
        ]
        for number in range(last + 1)
        for paid in [bought.get(number, Decimal(0))]
        for active in [int(paid > 0)]
    ],
    "data_warnings": [
        {"warning_number": 1, "warning_code": "orders_without_items", "found_in": "canonical",
         "table_name": "canonical.orders", "column_name": "order_id",
         "column_label": "canonical.orders, order_id",
         "warning": "orders without items", "row_count": 775, "row_total": 99_441,
         "row_share": 0.0078, "amount": Decimal("162591.95"), "effect": "A join drops them.",
         "handling": "They stay orders.", "remedy": None},
        {"warning_number": 2, "warning_code": "unmatched_keys", "found_in": "files",
         "table_name": "raw.items", "column_name": "product_id",
         "column_label": "raw.items, product_id", "warning": "2 keys match nothing.",
         "row_count": 2, "row_total": None, "row_share": None, "amount": None, "effect": None,
         "handling": None, "remedy": "Export them."},
    ],
    "orders_daily": [
        {"order_date": date(2018, 7, day), "order_count": count, "week_mean_order_count": mean,
         "is_in_window": True}
        for day, count, mean in [(1, 1, 1.0), (2, 0, 0.5)]
    ],
    "label_rates": [
        {"as_of_date": date(2018, 1, 1), "label_window_days": 90, "is_label_complete": True,
         "customer_count": 1, "returned_so_far_count": 0, "return_rate": 0.0,
         "is_latest_complete": True, "is_churn_window": False},
        {"as_of_date": date(2018, 1, 1), "label_window_days": 180, "is_label_complete": True,
         "customer_count": 4, "returned_so_far_count": 1, "return_rate": 0.25,
         "is_latest_complete": True, "is_churn_window": True},
    ],
    "rfm_migrations": [
        {"as_of_date": date(2018, 6, 1), "next_as_of_date": AS_OF, "rfm_segment": "lost",
         "next_rfm_segment": "champions", "customer_count": 1, "segment_share": 1.0,
         "is_latest": True},
    ],
    "late_recent_orders": [
        {"order_id": "o1", "ordered_at": datetime(2018, 7, 1),
         "delivered_at": datetime(2018, 7, 20), "estimated_delivery_date": date(2018, 7, 15),
         "late_days": 5, "state": "SP", "paid_amount": Decimal("9.90"),
         "order_amount": Decimal("9.90")},
    ],
    "large_sellers": [
        {"seller_id": "s1", "city": "ibitinga", "state": "SP", "delivered_order_count": 9,
         "delivered_amount": Decimal("100000.01"), "average_review_score": 4.5, "late_share": 0.1},
    ],
    "busy_new_sellers": [
        {"seller_id": "s2", "city": "santos", "state": "SP",
         "first_sale_at": datetime(2018, 8, 1), "item_count": 31, "product_count": 2,
         "average_review_score": None, "late_share": None},
    ],
    "worst_reviewed_postal_codes": [
        {"review_rank": 1, "postal_code": "01001", "seller_count": 1, "review_count": 31,
         "average_review_score": 1.5},
    ],
    "money_reconciliation": [
        {"reading_number": 1, "reading_kind": "mart", "reading_name": "marts.orders_monthly",
         "order_count": 3, "paid_amount": Decimal("300.00"), "order_amount": Decimal("300.00")}
    ],
    "source_capabilities": [
        {"capability": name, "is_supplied": is_supplied, "lack": "days to delivery",
         "remedy": "files.shipments", "feature_count": 8, "marts": "delivery_performance"}
        for name, is_supplied in [("deliveries", True), ("sellers", True), ("reviews", True)]
    ],
}  # fmt: skip
LOGISTIC = {
    "model_id": "l", "purpose": "churn", "family": "logistic", "is_champion": True,
    "family_name": "logistic regression", "training_dates": "2017-07-01, 2017-09-01",
    "test_date": date(2018, 3, 1), "fitted_dates": "2017-07-01, 2017-08-01, 2018-03-01",
    "status_reason": "ranks best",
}  # fmt: skip
BG_NBD = LOGISTIC | {
    "model_id": "b",
    "family": "bg_nbd",
    "family_name": "BG/NBD",
    "is_champion": False,
    "status_reason": "a baseline",
}
# Of 1,000 people of the test 40 came back; the model would have contacted 200, 30 of them, at 0.50.
TEST_RESULTS = {
    "model_id": "l", "customer_count": 1000, "returning_count": 40, "lost_count": 960,
    "threshold": 0.0167, "contacted_count": 200, "true_positive_count": 30,
    "false_positive_count": 170, "true_negative_count": 790, "false_negative_count": 10,
    "recall_share": 0.75, "precision_share": 0.15, "contacted_cost_amount": Decimal("100.00"),
}  # fmt: skip
SCORER_CURVES = {
    "lift": [(0.01, 6.0, 4.0, 8.0), (1.0, 1.0, 1.0, 1.0)],
    "precision_recall": [(0.1, 0.5, None, None), (1.0, 0.04, None, None)],
    "roc": [(0.0, 0.0, None, None), (0.5, 0.6, None, None), (1.0, 1.0, None, None)],
}
SCORES = {
    "customer_segments": [
        {"customer_id": "ana", "model_id": "k", "segment_id": 0, "segment_name": "big spenders",
         "is_near_border": False, "is_champion_passed": True},
        {"customer_id": "bea", "model_id": "k", "segment_id": 1, "segment_name": "small spenders",
         "is_near_border": True, "is_champion_passed": True},
    ],
    "segments": [
        {"model_id": "k", "segment_id": segment, "segment_name": name,
         "segment_label": f"{segment} · {name}", "description": f"They are {name}.",
         "customer_count": 1, "customer_share": 0.5, "near_border_share": near,
         "playbook_action": f"Write to {name}", "playbook_channel": "e-mail",
         "playbook_why": "It pays"}
        for segment, name, near in [(0, "big spenders", 0.0), (1, "small spenders", 1.0)]
    ],
    "segmentation_candidates": [
        {"candidate_id": f"full-kmeans-{count}", "feature_set": "full", "family": "kmeans",
         "sample_count": 4000, "seed_count": 20, "resample_count": 10, "segment_count": count,
         "noise_share": 0.0, "silhouette": silhouette, "calinski_harabasz": 100.0,
         "davies_bouldin": 1.0, "seed_agreement": 0.99, "resample_agreement": 0.9,
         "lowest_jaccard": 0.8, "smallest_share": 0.1, "closest_feature_name": "paid_amount",
         "closest_feature_agreement": agreement, "distinct_feature_count": 3,
         "can_be_champion": True, "is_passed": rank is not None, "verdict": verdict,
         "passed_rank": rank, "is_best_of_family": rank == 1, "fit_seconds": 0.1,
         "study_id": "s", "candidate_label": f"full kmeans {count}",
         "closest_feature_label": "paid amount", "curve_label": "KMeans",
         "verdict_summary": summary}
        for count, silhouette, agreement, verdict, rank, summary in [
            (2, 0.31, 0.25, "passed", 1, "passed"),
            (3, 0.44, 0.91, "bins of paid_amount (agreement 0.91, at most 0.50); too small", None,
             "bins of paid_amount (agreement 0.91, at most 0.50), and 1 more"),
        ]
    ],
    "segmentation_candidate_segments": [
        {"candidate_id": "full-kmeans-2", "segment_id": 0, "customer_share": 1.0, "jaccard": 0.8,
         "is_of_best_candidate": True},
    ],
    "segment_stability": [
        {"feature_set": name, "frozen_date": date(2018, 6, 1), "as_of_date": date(2018, 6, 15),
         "weeks": 2.0, "customer_count": 2, "agreement": agreement,
         "lower_bound": agreement - 0.01, "upper_bound": agreement + 0.01,
         "moved_borders": 1 - agreement, "moved_customers": 0.2, "reassigned_share": 0.043,
         "feature_set_label": label}
        for name, agreement, label in [
            ("full", 0.97, "features of the segments"), ("rfm", 0.52, "recency, frequency, money")
        ]
    ],
    "refit_advice": [
        {"advice": "Fit the segments again by 2018-09-13.", "refit_by_date": date(2018, 9, 13),
         "model_as_of_date": AS_OF, "least_agreement": 0.8, "is_refit_due": False,
         "refit_cost_amount": Decimal("1000.00"),
         "misassigned_cost_amount": Decimal("0.010000")},
    ],
    "segment_migrations": [
        {"as_of_date": date(2018, 6, 1), "next_as_of_date": AS_OF, "segment_id": 0,
         "next_segment_id": 1, "customer_count": 1, "segment_share": 1.0, "is_latest": True,
         "segment_label": "segment 0"},
    ],
    "feature_drift": [
        {"feature_name": "paid_amount", "frozen_date": date(2018, 6, 1), "as_of_date": AS_OF,
         "population": population, "population_stability_index": index,
         "kolmogorov_smirnov_statistic": 0.07, "drift_level": "moderate", "is_left_out": False}
        for population, index in [("everybody", 0.12), ("same people", 0.34)]
    ],
    "segment_profiles": [
        {"model_id": "k", "segment_id": segment, "feature_name": "paid_amount",
         "feature_label": "paid amount", "segment_mean": mean,
         "overall_mean": 150.0, "standardized_difference": difference, "is_fitted_on": True,
         "difference_rank": 1}
        for segment, mean, difference in [(0, 250.0, 1.0), (1, 50.0, -1.0)]
    ],
    "model_quality": [
        {"model_id": "k", "purpose": "segmentation", "family": "kmeans", "split": "train",
         "metric_name": "davies_bouldin", "metric_value": 1.41, "is_champion": True},
        # Of the study that chose it; the latest one, above, is another.
        *({"model_id": "k", "purpose": "segmentation", "family": "kmeans", "split": "study",
           "metric_name": name, "metric_value": float(count), "is_champion": True}
          for name, count in [("candidate_count", 57), ("passed_count", 3)]),
        {"model_id": "g", "purpose": "segmentation", "family": "gmm", "split": "train",
         "metric_name": "silhouette", "metric_value": 0.06, "is_champion": False},
        {"model_id": "k", "purpose": "segmentation", "split": "study",
         "metric_name": "candidate_count", "metric_value": 2.0, "is_champion": True},
        {"model_id": "k", "purpose": "segmentation", "split": "study",
         "metric_name": "passed_count", "metric_value": 1.0, "is_champion": True},
        *(
            model | {"split": split, "metric_name": "roc_auc", "metric_value": auc}
            for model, split, auc in [
                (LOGISTIC, "cross_validation", 0.58), (BG_NBD, "train", 0.57)
            ]
        ),
        *(
            model | {"split": "test", "metric_name": name, "metric_value": value,
                     "lower_bound": value - 0.02, "upper_bound": value + 0.02,
                     "baseline_name": rule, "baseline_value": 0.568}
            for model, rule, gain in [(LOGISTIC, "recency", 0.028), (BG_NBD, "recency", 0.01)]
            for name, value in [
                ("roc_auc", 0.568 + gain), ("roc_auc_gain", gain), ("lift_at_10_percent", 2.1),
                ("brier_skill", 0.03), ("calibration_slope", 0.95),
                ("expected_profit_per_customer", 0.8), ("expected_profit_per_customer_gain", 0.1),
            ]
        ),
    ],
    "baseline_quality": [
        {"model_id": model["model_id"], "purpose": "churn", "family": model["family"],
         "is_champion": model["is_champion"], "split": "test", "baseline_name": rule,
         "metric_name": name, "metric_label": label, "metric_value": value,
         "lower_bound": value - 0.03,
         "upper_bound": value + 0.03, "gain": gain, "gain_lower_bound": gain - 0.02,
         "gain_upper_bound": gain + 0.02}
        for model, rules in [
            (LOGISTIC, {"recency": 0.568, "frequency": 0.55, "BG/NBD": 0.578}),
            (BG_NBD, {"recency": 0.568, "frequency": 0.55}),
        ]
        for rule, auc in rules.items()
        for name, label, value, gain in [
            ("roc_auc", "ROC AUC", auc, 0.596 - auc),
            ("expected_profit_per_customer", "expected profit per customer", 0.7, 0.1),
        ]
    ],
    "churn_verdict": [
        {"as_of_date": AS_OF, "label_window_days": 180, "status": "champion",
         "status_reason": "cross-validated ROC AUC 0.5800, beside bg_nbd 0.5700", "model_id": "l",
         "family": "logistic", "family_name": "logistic regression",
         "training_dates": "2017-07-01, 2017-09-01",
         "test_date": date(2018, 3, 1), "base_rate": 0.04, "roc_auc": 0.596,
         "roc_auc_lower_bound": 0.577, "roc_auc_upper_bound": 0.618, "baseline_name": "recency",
         "baseline_roc_auc": 0.568, "roc_auc_gain": 0.028, "roc_auc_gain_lower_bound": 0.014,
         "roc_auc_gain_upper_bound": 0.042, "calibration_slope": 0.95,
         "calibration_slope_lower_bound": 0.9, "calibration_slope_upper_bound": 1.0,
         "beats_baseline": True, "answer": "yes",
         "verdict": "The model ranks those who come back better."}
    ],
    "churn_test_results": [TEST_RESULTS],
    "churn_calibration": [
        {"model_id": "l", "family": "logistic", "is_champion": True, "bin_number": number,
         "mean_return_probability": mean, "returning_share": share, "lower_bound": share / 2,
         "upper_bound": share * 2, "customer_count": 500.0, "returning_count": 500 * share}
        for number, mean, share in [(1, 0.02, 0.01), (2, 0.05, 0.07)]
    ],
    "churn_lift": [
        {"model_id": "l", "is_champion": True, "scorer": scorer, "contacted_percent": 10,
         "contacted_share": 0.1, "lift": lift, "recall_share": lift / 10}
        for scorer, lift in [("model", 2.1), ("recency", 1.5)]
    ],
    "churn_curves": [
        {"model_id": "l", "family": "logistic", "is_champion": True, "split": "test",
         "scorer": scorer, "curve_name": curve, "point_number": number, "x_value": x,
         "y_value": y, "lower_bound": lower, "upper_bound": upper, "customer_count": 500.0,
         "returning_count": 20.0}
        for scorer in ("model", "recency", "frequency", "BG/NBD")
        for curve, points in SCORER_CURVES.items()
        for number, (x, y, lower, upper) in enumerate(points, 1)
    ] + [
        {"model_id": "l", "family": "logistic", "is_champion": True, "split": "test",
         "scorer": "model", "curve_name": "score_distribution", "point_number": number,
         "x_value": probability, "y_value": 0.5, "customer_count": 500.0,
         "returning_count": returning}
        for number, probability, returning in [(1, 0.02, 10.0), (2, 0.08, 30.0)]
    ],
    "leak_meter": [
        {"as_of_date": AS_OF, "practice": practice, "description": f"What {practice} does.",
         "roc_auc": auc, "accuracy": 0.99, "honest_roc_auc": 0.596}
        for practice, auc in [("recency in the label", 0.9999), ("oversampled", 1.0)]
    ],
    "customer_churn_scores": [
        {"customer_id": name, "model_id": "l", "return_probability": probability,
         "return_lift": probability / 0.04, "risk_band": band, "beats_baseline": True}
        for name, probability, band in [("ana", 0.2, "low"), ("bea", 0.01, "high")]
    ],
    "retention_actions": [
        {"action_number": 1, "customer_id": "ana", "as_of_date": AS_OF, "model_id": "l",
         "return_probability": 0.2, "risk_band": "low", "why": "orders so far: 2 (for)",
         "action": "Write to Ana", "channel": "e-mail", "contact_cost_amount": Decimal("0.50"),
         "expected_return_amount": Decimal("6.00"), "expected_value_amount": Decimal("5.50"),
         "spent_amount": Decimal("0.50")}
    ],
    "churn_step_functions": [
        {"model_id": "a", "feature_name": name, "meaning": meaning, "unit": unit,
         "interval_number": number, "above_value": above, "most_value": most, "term": term,
         "odds_ratio": ratio, "customer_count": count, "customer_share": count / 100}
        for name, meaning, unit, number, above, most, term, ratio, count in [
            ("order_count", "orders placed", "orders", -1, None, None, -0.1, 0.9, 3),
            ("order_count", "orders placed", "orders", 0, None, 1.5, 0.0, 1.0, 90),
            ("order_count", "orders placed", "orders", 1, 1.5, None, 0.69, 2.0, 7),
            ("paid_amount", "sum paid on all orders", "money", 0, None, None, 0.0, 1.0, 100),
        ]
    ],
    "champion_history": [
        {"change_number": 1, "changed_at": datetime(2018, 8, 30), "purpose": "churn",
         "model_id": "l", "family": "logistic", "family_name": "logistic regression",
         "test_roc_auc": 0.596, "test_lower_bound": 0.577, "test_upper_bound": 0.618,
         "former_model_id": "o", "former_test_roc_auc": 0.55,
         "action": "chosen", "reason": "ranks better"}
    ],
}  # fmt: skip


class Reading(HTMLParser):
    """Elements with their attributes, and the text that a reader sees."""

    INLINE = ("a", "strong", "span")

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(html)
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)
        self.words.append("" if tag in self.INLINE else " ")

    def handle_endtag(self, tag):
        self.words.append("" if tag in self.INLINE else " ")
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" not in self.open:
            self.words.append(data)

    def links(self):
        """Everything that a browser would fetch or go to."""
        names = ("src", "href", "srcset", "data", "action", "poster")
        return [attrs[name] for _, attrs in self.elements for name in names if name in attrs]


@pytest.fixture
def connection():
    """An empty warehouse in memory."""
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def build(connection, tmp_path):
    """Builds pages, given as file name to text, and returns what was written, read."""

    def build(pages):
        source, site = tmp_path / "pages", tmp_path / "site"
        source.mkdir()
        site.mkdir()
        for name, text in pages.items():
            (source / name).write_text(text, encoding="utf-8")
        written = build_report(connection, site, pages_dir=source)
        return {path.name: Reading(path.read_text(encoding="utf-8")) for path in written}

    return build


def make_marts(connection, rows, *changes):
    """Marts as their contracts say, with some rows that are changed, and logs without a row."""
    for schema in ("marts", "marts_ml"):
        connection.execute(f"create schema {schema}")
    for path in MARTS.rglob("_*.yml"):
        schema = schema_of(path)
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            table = f"{schema}.{model['name']}"
            columns = ", ".join(
                f"{column['name']} {column['data_type']}" for column in model["columns"]
            )
            connection.execute(f"create table {table} ({columns})")
            described = model["description"].replace("'", "''")
            connection.execute(f"comment on table {table} is '{described}'")
            for row in rows.get(model["name"], []):
                places = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into {table} ({', '.join(row)}) values ({places})", [*row.values()]
                )
    make_logs(connection)
    for change in changes:
        connection.execute(change)
    derive_marts(connection, given=rows)


def make_logs(connection):
    """The empty logs of tests and findings as dbt makes them, those of loads as the loader does."""
    for name in ("create_test_log", "create_input_findings"):
        macro = (PROJECT_DIR / "dbt_project" / "macros" / f"{name}.sql").read_text("utf-8")
        connection.execute(jinja2.Template(macro + "{{ " + name + "() }}").render())
    connection.execute(
        "create table raw.load_log (load_id bigint, table_name varchar, file_name varchar, "
        "rejected_row_count bigint, loaded_at timestamp)"
    )
    profile_new_loads(connection)


@pytest.fixture(scope="module", params=["fitted", "not fitted", "no customers"])
def shop_site(request, tmp_path_factory):
    """The shipped pages, built on a small shop with and without models, and on an empty one."""
    rows = {
        "fitted": SHOP | SCORES,
        "not fitted": SHOP,
        "no customers": {name: SHOP[name] for name in ("build_info", "churn_verdict")},
    }[request.param]
    site = tmp_path_factory.mktemp("site")
    with duckdb.connect() as connection:
        make_marts(connection, rows)
        build_report(connection, site)
    return site


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The shipped pages of the small shop with its models."""
    with duckdb.connect() as connection:
        make_marts(connection, SHOP | SCORES)
        written = build_report(connection, tmp_path_factory.mktemp("site"))
    return {path.stem: Reading(path.read_text(encoding="utf-8")) for path in written}


# A page


def test_one_more_file_is_one_more_page_and_one_more_menu_entry(build):
    site = build({"10-overview.md": "# First\n", "40-returns.md": "# Returns\n\nHello."})
    assert list(site) == ["index.html", "returns.html"]
    for page in site.values():
        menu = [attrs["href"] for tag, attrs in page.elements if tag == "a"]
        assert menu == ["index.html", "index.html", "returns.html"]  # the first is the brand
    assert "Hello." in site["returns.html"].text
    (current,) = [
        attrs["href"] for _, attrs in site["returns.html"].elements if "aria-current" in attrs
    ]
    assert current == "returns.html"


def test_the_menu_has_the_order_of_the_file_names(build):
    site = build({"30-c.md": "# C\n", "10-b.md": "# B\n", "20-a.md": "# A\n"})
    assert list(site) == ["b.html", "a.html", "c.html"]


def test_the_text_knows_the_rows_of_each_block_and_the_page_shows_its_sql(build):
    site = build(
        {
            "10-p.md": "# P\n\n```sql one\nselect 1234 as n\n```\n\n"
            "```sql two\nselect 'x<y' as t where 1 < 2\n```\n\n"
            "{{ one[0].n | integer }} and {{ two[0].t }}."
        }
    )
    text = site["p.html"].text
    assert "1,234 and x<y." in text
    assert "two select 'x<y' as t where 1 < 2" in text


def test_code_without_a_block_name_stays_in_the_text(build):
    site = build({"10-p.md": "# P\n\n```sql\nselect nothing from nowhere\n```\n"})
    assert "select nothing from nowhere" in site["p.html"].text


def test_progress_is_told_once_per_page(connection, tmp_path):
    (tmp_path / "10-a.md").write_text("# A\n")
    (tmp_path / "20-b.md").write_text("# B\n")
    messages = []
    site = tmp_path / "site"
    site.mkdir()
    build_report(connection, site, pages_dir=tmp_path, progress=messages.append)
    assert messages == ["page A", "page B"]


# Errors


def test_an_sql_error_names_the_page_and_the_block(build):
    page = "# P\n\n```sql good\nselect 1\n```\n\n```sql bad\nselect x from nowhere\n```\n"
    with pytest.raises(PageError, match=r"page 20-p\.md, block 'bad': .*nowhere"):
        build({"10-overview.md": "# O\n", "20-p.md": page})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ rows[0].n | integer", "unexpected"),
        ("{% if rows %}", "endif"),
        ("{{ rows[0].n | integers }}", "No filter named 'integers'"),
        ("{{ missing }}", "'missing' is undefined"),
        ("{{ rows[0].m | integer }}", "no attribute 'm'"),
        ("{{ rows[1].n }}", "has no element 1"),
        ("{{ rows[0].t | integer }}", ""),
        ("{{ rows[0].n | day }}", ""),
        ("{{ bar_chart(rows, x='t', y={'m': 'm'}, title='t') }}", "no column 'm'; the rows have"),
        ("{{ data_table(rows, {'m': 'M'}, {}) }}", "no column 'm'; the rows have n, t"),
        ("{{ line_chart(rows, x='t') }}", "missing"),
    ],
)
def test_an_error_in_the_text_names_the_page_and_the_line(build, text, message):
    page = f"# P\n\n```sql rows\nselect 1 as n,\n  'x' as t\n```\n\nfine\n{text}\n"
    # An unclosed block is noticed where the file ends.
    line = r"(9|10)" if text == "{% if rows %}" else "9"
    with pytest.raises(PageError, match=rf"page 10-p\.md, line {line}: .*{re.escape(message)}"):
        build({"10-p.md": page})


@pytest.mark.parametrize("text", ["", "no title\n", "\n# Too late\n", "## Too small\n"])
def test_a_page_without_a_title_is_refused(build, text):
    with pytest.raises(PageError, match=r"page 10-p\.md: expected a first line like `# Title`"):
        build({"10-p.md": text})


def test_two_blocks_of_one_name_are_refused(build):
    page = "# P\n\n```sql a\nselect 1\n```\n\n```sql a\nselect 2\n```\n"
    with pytest.raises(PageError, match=r"page 10-p\.md: two SQL blocks are called 'a'"):
        build({"10-p.md": page})


def test_two_pages_of_one_name_are_refused(build):
    with pytest.raises(PageError, match=r"page 20-p\.md: would be written to p\.html, as 10-p\.md"):
        build({"10-p.md": "# P\n", "20-p.md": "# Q\n"})


def test_a_folder_without_pages_is_refused(build):
    with pytest.raises(PageError, match=r"at least one page \(\*\.md\) in pages/, found none"):
        build({"readme.txt": "# Not a page"})


# What marts hold cannot become part of the page


def test_a_text_of_a_mart_never_becomes_an_element(build, connection):
    connection.execute("create table names as select ? as name, 1 as n, 2 as m", [NASTY])
    page = """# P

```sql rows
select * from names
```

Said {{ rows[0].name }} in the text.

{{ tiles({"t": rows[0].name}) }}

{{ bar_chart(rows, x="name", y={"n": "n", "m": "m"}, title=rows[0].name) }}

{{ heat_map(rows, x="name", y="n", value="m", title="t", unit=rows[0].name) }}

{{ data_table(rows, {"name": rows[0].name}, {}) }}

{{ cross_table(rows, down="n", across="name", value="m", heading="h", form=integer) }}
"""
    page = build({"10-p.md": page})["p.html"]
    tags = [tag for tag, _ in page.elements]
    scripts = [attrs for tag, attrs in page.elements if tag == "script"]
    assert "img" not in tags
    assert [attrs for attrs in scripts if "src" not in attrs] == [{"type": "application/json"}] * 2
    # As text it is there: in the prose, a tile, a caption, a unit and three times in tables.
    assert page.text.count(NASTY) == 7


def test_a_line_break_in_a_mart_leaves_a_table_whole(build):
    page = build(
        {
            "10-p.md": "# P\n\n```sql rows\n"
            "select E'a\\n\\n# b\\n\\n    c' as t, 'last' as u\n```\n\n"
            "{{ data_table(rows, {'t': 'T', 'u': 'U'}, {}) }}\n"
        }
    )["p.html"]
    tags = [tag for tag, _ in page.elements]
    assert tags.count("td") == 2
    assert tags.count("h1") == 1
    assert "last" in page.text


# The shipped pages


def test_every_shipped_page_builds_whatever_is_fitted(shop_site):
    dated = {"index.html", "rfm.html", "segments.html", "cohorts.html"}
    assert dated <= {path.name for path in shop_site.glob("*.html")}
    for path in shop_site.glob("*.html"):
        page = Reading(path.read_text(encoding="utf-8"))
        assert "30 August 2018" in page.text or path.name not in dated
        assert "None" not in page.text
        assert "nan" not in page.text.split()


def test_no_page_loads_anything_from_a_network(shop_site):
    for page in shop_site.glob("*.html"):
        reading = Reading(page.read_text(encoding="utf-8"))
        assert len(reading.links()) >= 6
        for link in reading.links():
            file_name, _, target = link.partition("#")
            if file_name:
                assert (shop_site / file_name).is_file(), f"{page.name} refers to {link}"
            if file_name and target:
                assert f'id="{target}"' in (shop_site / file_name).read_text("utf-8"), link
    for name in ("style.css", "report.js"):
        assert not re.search(
            r"https?:|url\(|@import|fetch\(|XMLHttp", (shop_site / name).read_text(encoding="utf-8")
        )


def test_plotly_is_one_local_file(shop_site):
    scripts = sorted(path.name for path in shop_site.glob("*.js"))
    assert scripts == ["plotly.min.js", "report.js"]
    for page in shop_site.glob("*.html"):
        elements = Reading(page.read_text(encoding="utf-8")).elements
        sources = [attrs["src"] for tag, attrs in elements if tag == "script" and "src" in attrs]
        assert sources == ["plotly.min.js", "report.js"]
    assert "Plotly" in (shop_site / "plotly.min.js").read_text(encoding="utf-8")


def test_the_overview_says_what_the_marts_say(fitted):
    text = fitted["index"].text
    for expected in (
        "orders 3 ",
        "customers 2 ",
        "revenue R$ 300.00",
        "average order R$ 100.00",
        "customers who came back another day 50.0%",
        "orders on a later day than the first 33.3%",
        "59.6% of the time (57.7% to 61.8%)",
        "recency, does so 56.8% of the time",
        "The model ranks those who come back better.",
        "mart marts.orders_monthly 3 300.00 300.00",
        "After what came back of these orders, the revenue is R$ 299.00.",
    ):
        assert expected in text, expected


def test_the_months_begin_with_the_window_and_what_was_before_is_counted(fitted):
    text = fitted["index"].text
    assert "The months begin at 1 January 2017; the totals above include 1 order before it" in text
    assert "July 2018 1 1 0 100 100.00 100.0%" in text
    assert "December 2016" not in text


def test_the_rfm_page_says_what_the_marts_say(fitted):
    text = fitted["rfm"].text
    assert "promising 1 50.0% 250 83.3% 250.00 60" in text
    assert "lost 1 50.0% 50 16.7% 50.00 637" in text
    assert "promising Send a reason to come back in the category they bought e-mail" in text


@pytest.mark.parametrize(
    ("ana", "bea", "sentence", "shares"),
    [
        ("250.00", "-50.00", "Its share is below 0 then, too", ["125.0%", "-25.0%"]),
        ("-250.00", "50.00", "so there are no shares of revenue", ["–", "–"]),
        ("-250.00", "250.00", "so there are no shares of revenue", ["–", "–"]),
        ("250.00", "50.00", "", ["83.3%", "16.7%"]),
    ],
)
def test_a_segment_with_more_refunds_than_payments_has_no_share_without_a_word(
    connection, tmp_path, ana, bea, sentence, shares
):
    people = [
        {**person, "monetary_amount": Decimal(paid)}
        for person, paid in zip(PEOPLE, (ana, bea), strict=True)
    ]
    make_marts(connection, SHOP | {"customer_rfm": people})
    pages, site = tmp_path / "pages", tmp_path / "site"
    for folder in (pages, site):
        folder.mkdir()
    (pages / "20-rfm.md").write_text((PAGES_DIR / "20-rfm.md").read_text("utf-8"), encoding="utf-8")
    (page,) = build_report(connection, site, pages_dir=pages)
    text = Reading(page.read_text("utf-8")).text
    assert sentence in text
    assert ("More was refunded" in text) == bool(sentence)
    for segment, share in zip(("promising", "lost"), shares, strict=True):
        assert re.search(rf"{segment} 1 50\.0% -?\d+ {share}", text)


def test_the_segments_page_says_what_the_marts_say(fitted):
    text = fitted["segments"].text
    assert "0 · big spenders 1 50.0% 0.0% They are big spenders." in text
    assert "1 · small spenders Write to small spenders e-mail It pays" in text
    assert "Mean of everybody segment 0 segment 1 paid amount 150.00 250.00 50.00" in text
    assert "When they were chosen, 3 of 57 candidates passed the acceptance thresholds." in text
    assert "Of the 2 customers 50.0% are near a border" in text


def test_the_study_page_says_what_the_marts_say(fitted):
    text = fitted["segment-study"].text
    assert "1 of the 2 that the warehouse could score passed the acceptance thresholds" in text
    assert "1 full kmeans 2 2 0.31 0.99 0.80 10.0% paid amount 0.25" in text
    assert "bins of paid_amount (agreement 0.91, at most 0.50), and 1 more" in text


def test_the_stability_page_says_what_the_marts_say(fitted):
    text = fitted["segment-stability"].text
    assert "Fit the segments again by 2018-09-13." in text
    assert "refit by 13 September 2018" in text
    assert "recency, frequency, money 0.52 0.51 0.53 0.48 0.20 4.3%" in text
    assert "paid amount 0.12 moderate 0.07 0.34 moderate" in text


def test_where_no_candidate_passed_the_pages_say_so(connection, tmp_path):
    make_marts(
        connection,
        SHOP | SCORES,
        "update marts.customer_segments set is_champion_passed = false",
        "update marts_ml.segmentation_candidates set passed_rank = null",
    )
    built = {path.stem: Reading(path.read_text("utf-8")) for path in build_report(
        connection, tmp_path
    )}  # fmt: skip
    assert "No candidate of 57 passed the acceptance thresholds" in built["segments"].text
    assert "None of the 2 that the warehouse could score" in built["segment-study"].text


@pytest.fixture
def churn_pages(connection, tmp_path):
    """Builds the pages that say the verdict, of the rows of a shop after some changes."""

    def churn_pages(rows, *changes):
        make_marts(connection, rows, *changes)
        pages, site = tmp_path / "pages", tmp_path / "site"
        pages.mkdir()
        site.mkdir()
        for name in ("10-overview.md", "36-churn.md", "38-churn-models.md"):
            (pages / name).write_text((PAGES_DIR / name).read_text("utf-8"), encoding="utf-8")
        written = build_report(connection, site, pages_dir=pages)
        return {path.stem: path.read_text(encoding="utf-8") for path in written}

    return churn_pages


def test_the_churn_page_begins_with_the_base_rate_and_the_verdict(fitted):
    text = fitted["churn"].text
    begin = text.index("came back within 180 days 4.0%")
    assert text[begin:].startswith(
        "came back within 180 days 4.0% does the model beat the best baseline? yes "
        "judged on the days from 1 March 2018 ROC AUC of the model 0.596 "
        "of the best baseline, recency 0.568 The model ranks those who come back better."
    )
    for expected in (
        "59.6% of the time (57.7% to 61.8%), the baseline 56.8%",
        "as of 2017-07-01 and 2017-09-01, judged on 1,000 people",
        "slope is 0.95 (0.90 to 1.00)",
        "10.0% 2.10 1.50 21.0% 15.0%",
        "at least 1.67%",
        "Of 1,000 people it would have contacted 200, at a cost of R$ 100.00, and so found 30 of "
        "the 40 who came back (75.0%); it would have missed 10. Of the contacted 15.0% came back; "
        "the other 170 contacts",
        "contacts by recency is 0.1000 per customer (0.0800 to 0.1200)",
        "judged on a later period 0.60 – The model that cross-validation prefers",
        "recency in the label 1.00 99.0% What recency in the label does.",
        "low 1 20.0% 20.0% 20.0% 5.00 0 high 1 1.0% 1.0% 1.0% 0.25 0",
        "people within the budget 1 contacting them costs R$ 0.50 is expected to bring R$ 6.00 "
        "less the cost R$ 5.50",
        "Only a control group that is left alone tells what a contact causes.",
        "1 ana 20.0% orders so far: 2 (for) Write to Ana e-mail 5.50",
    ):
        assert expected in text, expected
    assert "is not significantly better than" not in text


def test_a_model_that_does_not_beat_simple_rules_is_said_to(churn_pages):
    pages = churn_pages(
        SHOP | SCORES,
        "update marts.churn_verdict set beats_baseline = false, roc_auc_gain_lower_bound = -0.001, "
        "answer = 'not significantly', "
        "verdict = 'The model does not rank significantly better.'",
    )
    for page in pages.values():
        assert "The model does not rank significantly better." in Reading(page).text
    text = Reading(pages["churn"]).text
    assert "beat the best baseline? not significantly" in text
    assert "the model that ranks them is not significantly better than recency" in text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            "no champion",
            "Without a model that passed the acceptance thresholds there are no scores",
        ),
        ("not_eligible", "A model that learns from so little"),
    ],
)
def test_where_there_is_no_champion_the_pages_say_why_and_show_no_scores(
    churn_pages, status, sentence
):
    verdict = "No model: <too few> people."
    pages = churn_pages(
        SHOP, f"update marts.churn_verdict set status = '{status}', verdict = '{verdict}'"
    )
    for page in pages.values():
        assert verdict in Reading(page).text
    text = Reading(pages["churn"]).text
    assert "came back within 180 days 25.0%" in text
    assert f"a model that one may use {status.replace('_', ' ')}" in text
    assert "Of the 4 people who had ordered before 1 January 2018, 1 came back within 180" in text
    assert sentence in text
    for absent in ("Risk bands", "Whom to contact", "Confusion matrix", "ROC AUC of the model"):
        assert absent not in text
    assert "No model is live" in Reading(pages["churn-models"]).text


@pytest.mark.parametrize("is_suspected", [True, False])
def test_the_churn_page_speaks_of_a_leak_only_where_the_verdict_does(churn_pages, is_suspected):
    """One family may be suspected and the verdict be that of the others."""
    pages = churn_pages(
        SHOP | SCORES | {"churn_verdict": SHOP["churn_verdict"], "churn_calibration": []},
        "update marts.model_quality set is_champion = false, status = 'not_eligible'",
        f"update marts.churn_verdict set is_suspected = {is_suspected}",
    )
    text = Reading(pages["churn"]).text
    assert ("knows what happened afterwards" in text) == is_suspected
    assert ("Without a model that passed the acceptance thresholds" in text) != is_suspected


def test_models_of_which_none_may_score_are_still_compared(churn_pages):
    pages = churn_pages(
        SHOP | SCORES | {"churn_verdict": SHOP["churn_verdict"], "churn_calibration": []},
        "update marts.model_quality set is_champion = false",
        "update marts_ml.churn_curves set is_champion = false",
        "update marts_ml.baseline_quality set is_champion = false",
    )
    text = Reading(pages["churn-models"]).text
    assert "logistic regression challenger 0.5800 0.5960" in text
    assert "What one would have claimed" in Reading(pages["churn"]).text


def test_models_that_are_too_good_to_be_true_are_shown_with_the_feature_that_gives_them_away(
    churn_pages,
):
    why = "suspected leak: ROC AUC 0.9000 on the test date; 'freight_share' alone has 0.89"
    quoted = why.replace("'", "''")
    pages = churn_pages(
        SHOP | SCORES | {"churn_verdict": SHOP["churn_verdict"], "churn_calibration": []},
        f"update marts.churn_verdict set status = 'not_eligible', verdict = '{quoted}'",
        "update marts.model_quality set is_champion = false, status = 'not_eligible', "
        f"status_reason = '{quoted}' where purpose = 'churn'",
        "update marts.churn_verdict set is_suspected = true",
        "update marts_ml.churn_curves set is_champion = false",
        "update marts_ml.baseline_quality set is_champion = false",
        "delete from marts_ml.leak_meter",
    )
    text = Reading(pages["churn-models"]).text
    assert "logistic regression not eligible 0.5800 0.5960" in text
    assert f"logistic regression not eligible {why}" in text
    assert "A model that is not eligible ranks customers too well to be true" in text
    text = Reading(pages["churn"]).text
    assert f"{why} " in text
    assert "Either something among its features knows what happened afterwards" in text
    assert "learns from so little" not in text
    assert "usual mistakes" not in text


def test_the_page_of_churn_models_says_what_the_marts_say(fitted):
    text = fitted["churn-models"].text
    for expected in (
        "logistic regression champion 0.5800 0.5960 0.0280 0.0080 0.0480 recency yes 2.10 0.0300",
        "logistic regression champion ranks best BG/NBD challenger a baseline",
        "BG/NBD challenger – 0.5780 0.0100 -0.0100 0.0300 recency no",
        "learned as of 2017-07-01 and 2017-09-01, judged as of 1 March 2018. What scores saw 3 "
        "dates, from 1 July 2017 to 1 March 2018",
        "ROC AUC BG/NBD 0.5780 0.5480 0.6080 0.0180 -0.0020 0.0380 "
        "ROC AUC recency 0.5680 0.5380 0.5980 0.0280 0.0080 0.0480 ROC AUC frequency",
        "Not known of 3 people (3.0%), whose odds are multiplied by 0.90",
        "Of no use to it: sum paid on all orders.",
        "30 August 2018 logistic regression l 0.5960 o 0.5500 chosen ranks better",
    ):
        assert expected in text, expected
    assert "BG/NBD is not among them" not in text


def test_each_model_and_rule_stands_in_the_pictures_under_its_own_name(churn_pages):
    pages = churn_pages(SHOP | SCORES)
    figures = [json.loads(text) for text in FIGURES.findall(pages["churn-models"])]
    later, validated = figures[0]["data"]
    assert dict(zip(later["y"], later["x"], strict=True)) == pytest.approx(
        {"logistic regression, champion": 0.596, "BG/NBD": 0.578, "recency": 0.568,
         "frequency": 0.55}
    )  # fmt: skip
    assert None not in later["error_x"]["array"]
    assert dict(zip(validated["y"], validated["x"], strict=True)) == {
        "logistic regression, champion": 0.58,
    }
    lines = [
        trace.get("name")
        for figure in map(json.loads, FIGURES.findall(pages["churn"]))
        for trace in figure["data"]
        if trace.get("mode") == "lines"
    ]
    assert lines.count("BG/NBD") == 2


def test_a_model_that_gave_everybody_the_same_probability_is_said_to(churn_pages):
    pages = churn_pages(
        SHOP | SCORES,
        "update marts.model_quality set metric_value = 0.5, lower_bound = 0.5, upper_bound = 0.5 "
        "where family = 'logistic' and split = 'test' and metric_name = 'roc_auc'",
    )
    text = Reading(pages["churn-models"]).text
    assert "logistic regression ranked people the wrong way round" in text
    assert "BG/NBD ranked people the wrong way round" not in text


def test_without_bg_nbd_the_page_says_so(churn_pages):
    pages = churn_pages(
        SHOP | SCORES,
        "delete from marts.model_quality where family = 'bg_nbd'",
        "delete from marts_ml.baseline_quality where baseline_name = 'BG/NBD'",
    )
    assert "BG/NBD is not among them" in Reading(pages["churn-models"]).text


def test_a_shop_of_canceled_orders_only_is_said_to_have_no_customers(connection, tmp_path):
    emptied = (
        "orders_monthly",
        "customer_rfm",
        "late_recent_orders",
        "worst_reviewed_postal_codes",
    )
    make_marts(connection, SHOP, *(f"delete from marts.{mart}" for mart in emptied))
    built = {path.stem: path.read_text("utf-8") for path in build_report(connection, tmp_path)}
    assert "No order of this shop is valid" in Reading(built["index"]).text
    assert "there is no RFM of today" in Reading(built["rfm"]).text
    text = Reading(built["operations"]).text
    assert "Of no order it is known when it was delivered" in text
    assert "There are no reviews, so nothing can be said of them" in text


def test_what_the_source_lacks_is_left_out_and_said_in_one_place(connection, tmp_path):
    make_marts(connection, SHOP)
    connection.execute(
        "update marts.source_capabilities set is_supplied = false, lack = 'figures by seller', "
        "remedy = 'a column of sellers' where capability = 'sellers'"
    )
    built = {path.stem: path.read_text("utf-8") for path in build_report(connection, tmp_path)}
    operations = Reading(built["operations"]).text
    assert "Large sellers" not in operations
    assert "worst reviewed goods" not in operations
    assert "Recent orders that came late" in operations
    assert (
        "sellers figures by seller 8 delivery_performance a column of sellers"
        in Reading(built["data-quality"]).text
    )


def test_what_is_not_fitted_is_said_to_be_missing(connection, tmp_path):
    make_marts(connection, SHOP)
    built = {path.stem: path for path in build_report(connection, tmp_path)}
    assert "nothing was fitted yet" in Reading(built["index"].read_text(encoding="utf-8")).text
    assert "No segmentation is fitted" in Reading(built["segments"].read_text("utf-8")).text
    for name in ("segments", "segment-study"):
        text = Reading(built[name].read_text("utf-8")).text
        assert "The shop has 2 customers, too few to find groups among them" in text
    text = Reading(built["segment-stability"].read_text("utf-8")).text
    assert "How far features have moved cannot be said" in text


def test_the_cohorts_page_says_what_the_marts_say(fitted):
    """Of the two people one came back in month 1; months that had not ended count for nothing."""
    text = fitted["cohorts"].text
    assert "cohorts 2 customers in them 2 bought in month 1 50.00% bought in month 3 0.00%" in text
    assert (
        "cohorts begin at 1 January 2017; the figures above include 1 person who came before"
        in text
    )
    assert "June 2018 1 100.0% – – 2 250" in text
    assert "December 2016 1" not in text


def test_what_misleads_is_listed_with_what_becomes_of_it_and_the_load_says_its_own(fitted):
    text = fitted["data-quality"].text
    assert "things to know 1 tests that failed" in text
    assert (
        "orders without items 775 99,441 0.8% 162,591.95 A join drops them. They stay orders. "
        "canonical.orders, order_id" in text
    )
    assert "2 keys match nothing." not in text  # the findings of the load stand above, from raw


def test_before_anything_is_loaded_or_tested_the_pages_say_so(fitted):
    assert "No test has run yet." in fitted["data-quality"].text
    assert "No file has been loaded yet." in fitted["profile"].text


@pytest.fixture
def logged(connection, tmp_path):
    """The pages of a shop with results of tests and two loads of one file."""
    make_marts(connection, SHOP)
    connection.execute(
        """
        insert into raw.test_log values
            ('t.1', 'not_null_orders_id', 'data', 'orders', 'id', 'pass', 0, null,
             timestamp '2018-09-01 10:00:00', null),
            ('t.2', 'money_adds_up', 'singular', null, null, 'fail', 3, 'Got 3 results <b>',
             timestamp '2018-09-02 10:00:00', null),
            ('t.3', 'few_odd_rows', 'data', 'items', null, 'warn', 2, 'Got 2 results',
             timestamp '2018-09-02 10:00:00', null)
        """
    )
    for load, states in enumerate([["SP", "SP", "RJ"], ["SP", "SP", "RJ", "AC", None]], 1):
        connection.execute("create or replace table raw.sellers (state varchar, n integer)")
        connection.executemany(
            "insert into raw.sellers values (?, 1)", [[state] for state in states]
        )
        connection.execute(
            "insert into raw.load_log values (?, 'sellers', 'sellers.csv', 0, '2018-09-01')", [load]
        )
        profile_new_loads(connection)
    written = build_report(connection, tmp_path)
    return {path.stem: Reading(path.read_text(encoding="utf-8")) for path in written}


def test_tests_that_failed_or_warn_stand_first_with_what_dbt_said(logged):
    text = logged["data-quality"].text
    assert "tests that failed 1 tests that warn 1 tests that passed 1" in text
    assert "of 3 tests, run between 1 September 2018 and 2 September 2018." in text
    assert (
        "fail several money adds up 3 Got 3 results <b> 2 September 2018 "
        "warn items few odd rows 2 Got 2 results 2 September 2018" in text
    )
    assert "several models 1 1 0 0 items 1 0 1 0 orders 1 0 0 1" in text


def test_the_profile_page_says_what_changed_and_shows_what_each_column_holds(logged):
    text = logged["profile"].text
    assert "state sellers 0 1 2 3 RJ to SP AC to SP" in text
    assert "n sellers 0" not in text
    assert "sellers sellers.csv 3 5 0 1 September 2018" in text
    # Each bar says its count when it is pointed at, and the first three say it beside.
    assert "state varchar SP 2 AC 1 RJ 1 SP 2 AC 1 RJ 1 1 3 AC SP –" in text
    assert [tag for tag, _ in logged["profile"].elements].count("rect") == 3 + 1


# Each number leads to its SQL


FIGURE = re.compile(r'<figure class="(?:chart|data)".*?</figure>', re.S)
TILES = re.compile(r'<dl class="tiles">.*?</dl>', re.S)
TILE = re.compile(r"<dd>(.*?)</dd>", re.S)
LINK = re.compile(r'href="#(sql-\w+)"')


def test_each_chart_table_and_tile_of_a_shipped_page_links_to_a_query_that_is_there(shop_site):
    for path in shop_site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        anchors = {attrs["id"] for _, attrs in Reading(text).elements if "id" in attrs}
        figures = FIGURE.findall(text)
        assert len(figures) == len(re.findall(r"<figure|<table", text)) - text.count(
            '<figure class="data"'
        )
        for part in [*figures, *TILE.findall("".join(TILES.findall(text)))]:
            (link,) = set(LINK.findall(part))
            assert link in anchors, part[:200]


def test_every_link_within_a_shipped_page_leads_somewhere_and_back(shop_site):
    for path in shop_site.glob("*.html"):
        page = Reading(path.read_text(encoding="utf-8"))
        ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
        links = [link.removeprefix("#") for link in page.links() if link.startswith("#")]
        assert len(ids) == len(set(ids))
        assert set(links) <= set(ids)
        assert {name for name in ids if name.startswith("from-")} <= set(links)


def test_a_figure_in_prose_and_in_a_tile_is_a_link_to_its_block_and_back(build):
    page = build(
        {
            "10-p.md": "# P\n\n```sql a\nselect 1234 as n\n```\n\n```sql b\nselect 5 as n\n```\n\n"
            "{{ a[0].n | integer }} of {% for row in b %}{{ row.n | integer }}{% endfor %}, "
            "{% set first = b[0] %}{{ first.n | decimal(1) }}, {{ b | length | integer }}\n\n"
            "{{ tiles({'n': a[0].n | integer}) }}"
        }
    )["p.html"]
    links = [
        (attrs["href"], attrs["id"]) for _, attrs in page.elements if attrs.get("class") == "figure"
    ]
    assert links == [
        ("#sql-a", "from-a-1"), ("#sql-b", "from-b-1"), ("#sql-b", "from-b-2"),
        ("#sql-b", "from-b-3"), ("#sql-a", "from-a-2"),
    ]  # fmt: skip
    back = [attrs["href"] for _, attrs in page.elements if attrs.get("class") == "back"]
    assert back == ["#from-a-1", "#from-a-2", "#from-b-1", "#from-b-2", "#from-b-3"]
    assert "1,234 of 5, 5.0, 1 " in page.text


def test_rows_that_a_page_picks_keep_their_block(build):
    page = build(
        {
            "10-p.md": "# P\n\n```sql a\nselect unnest([1, 2]) as n\n```\n\n"
            "{{ data_table(a | selectattr('n', 'gt', 1) | list, {'n': 'N'}, {'n': integer}) }}"
        }
    )["p.html"]
    assert [tag for tag, _ in page.elements].count("td") == 1
    assert "#sql-a" in page.links()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ 3 | integer }}", "which block the figure before `| integer` comes from"),
        ("{{ (a[0].n + 1) | percent }}", "which block the figure before `| percent` comes from"),
        ("{{ 3 | integer | sourced('b') }}", "there is no block 'b'"),
        ("{{ a[0].n }}", "1 stands in the text as it is; format it with one of counted, day"),
        ("{{ a[0].d }}", "stands in the text as it is"),
        ("{{ data_table([{'n': 1}], {'n': 'N'}, {}) }}", "which block the rows of data_table"),
    ],
)
def test_a_figure_that_cannot_be_traced_stops_the_build(build, text, message):
    page = f"# P\n\n```sql a\nselect 1 as n, date '2018-08-30' as d\n```\n\n{text}\n"
    with pytest.raises(PageError, match=rf"page 10-p\.md, line 7: .*{re.escape(message)}"):
        build({"10-p.md": page})


def test_a_figure_can_be_said_to_come_from_a_block(build):
    page = "# P\n\n```sql a\nselect 1 as n\n```\n\n{{ 3 | integer | sourced('a') }}\n"
    assert "#sql-a" in build({"10-p.md": page})["p.html"].links()


@pytest.mark.parametrize("path", find_pages(), ids=lambda path: path.name)
def test_a_shipped_page_does_no_arithmetic(path):
    """What its SQL may do is in test_pages.py."""
    page = read_page(path)
    assert path.parent == PAGES_DIR
    tree = jinja2.Environment().parse(page.text)
    sums = (
        jinja2.nodes.Add, jinja2.nodes.Sub, jinja2.nodes.Mul, jinja2.nodes.Div,
        jinja2.nodes.FloorDiv, jinja2.nodes.Mod, jinja2.nodes.Pow,
    )  # fmt: skip
    assert not list(tree.find_all(sums))
