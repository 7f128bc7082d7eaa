"""The segments of the published shop, by the whole study: what was chosen is held to it again."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from real_data import needs_data_set
from shops import Shop
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

pytestmark = [pytest.mark.long, *needs_data_set("olist")]
COUNTS = ("order_count", "item_count", "average_order_amount", "average_installment_count",
          "average_delivery_days")  # fmt: skip
OTHERS = ("average_review_score", "voucher_share")
RFM = ("recency_days", "order_count", "paid_amount")


@pytest.fixture(scope="module")
def studied(olist: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = olist.copy_to(tmp_path_factory.mktemp("studied"))
    shop.run("regulars", "fit", "--purpose", "segmentation", REGULARS_QUICK_STUDY="0")
    shop.run("dbt", "run", "--select", "segments_kmeans", "segments_gmm", "champion_segments",
             "segment_profiles", "segments", "customer_segments", "segment_stability",
             "segmentation_candidates", "feature_drift", "refit_advice")  # fmt: skip
    return shop


@pytest.fixture(scope="module")
def columns(studied: Shop) -> dict[str, np.ndarray]:
    """Everybody's features, filled in, logarithms taken where amounts and counts are skewed."""
    names = sorted({*COUNTS, *OTHERS, *RFM})
    chosen = ", ".join(
        f"coalesce(cast({name} as double), median(cast({name} as double)) over ()) as {name}"
        for name in names
    )
    with studied.open() as connection:
        table = connection.sql(
            f"""
            select {chosen}, marts.customer_segments.segment_id
            from features.customer_feature_snapshots as snapshots
            inner join marts.customer_segments using (customer_id, as_of_date)
            order by customer_id
            """
        ).fetchnumpy()
    values = {name: np.asarray(table[name], dtype=float) for name in names}
    return {
        **{name: np.log1p(column) if name in COUNTS else column for name, column in values.items()},
        "segment_id": np.asarray(table["segment_id"]),
    }


def test_the_study_has_all_that_was_asked_for(studied):
    assert studied.rows(
        """
        select feature_set || ' ' || family || coalesce(' ' || covariance_type, ''), count(*),
            min(seed_count), min(sample_count)
        from marts_ml.segmentation_candidates group by 1 order by 1
        """
    ) == [
        ("full dbscan", 3, 20, 4000),
        ("full gmm diag", 9, 20, 4000),
        ("full gmm full", 9, 20, 4000),
        ("full gmm tied", 9, 20, 4000),
        ("full kmeans", 9, 20, 4000),
        ("full ward", 9, 20, 4000),
        ("rfm kmeans", 9, 20, 4000),
    ]


def test_there_is_a_champion_and_it_is_no_bins_of_any_feature(studied, columns):
    """Bins of each feature alone by scikit-learn, among all 96,089 people."""
    assert studied.rows("select distinct is_champion_passed from marts.customer_segments") == [
        (True,)
    ]
    labels = columns["segment_id"]
    count = len(np.unique(labels))
    for name in {*COUNTS, *OTHERS, *RFM}:
        values = columns[name].reshape(-1, 1)
        distinct = min(count, len(np.unique(values)))
        bins = KMeans(distinct, n_init=3, random_state=1).fit_predict(values)
        assert adjusted_rand_score(labels, bins) <= 0.5, name


def test_other_seeds_find_the_same_segments_of_everybody(columns):
    scaled = StandardScaler().fit_transform(
        np.column_stack([columns[name] for name in (*COUNTS, *OTHERS)])
    )
    count = len(np.unique(columns["segment_id"]))
    refits = [KMeans(count, n_init=20, random_state=seed).fit_predict(scaled) for seed in range(4)]
    assert np.mean([adjusted_rand_score(a, b) for a, b in combinations(refits, 2)]) >= 0.95
    assert adjusted_rand_score(columns["segment_id"], refits[0]) >= 0.95


def test_no_segment_is_small_and_they_differ_on_three_features(studied, columns):
    _, sizes = np.unique(columns["segment_id"], return_counts=True)
    assert sizes.min() / sizes.sum() >= 0.02
    far = set()
    for name in (*COUNTS, *OTHERS):
        parts = [
            columns[name][columns["segment_id"] == label] for label in set(columns["segment_id"])
        ]
        off = max(abs(part.mean() - columns[name].mean()) for part in parts)
        far |= {name} if off >= 0.5 * columns[name].std() else set()
    assert len(far) >= 3
    ((named, names),) = studied.rows(
        "select count(*), count(distinct segment_name) from marts.segments"
    )
    assert named == names == len(sizes)


def test_segments_as_usual_are_refused_as_bins_of_recency(studied):
    rows = studied.rows(
        "select closest_feature_name, closest_feature_agreement, can_be_champion, verdict "
        "from marts_ml.segmentation_candidates where candidate_id = 'rfm-kmeans-4'"
    )
    ((feature, agreement, can_win, verdict),) = rows
    assert feature == "recency_days"
    assert agreement >= 0.85
    assert not can_win
    assert verdict.startswith("bins of recency_days")


def test_segments_last_where_recency_frequency_and_money_do_not(studied):
    series = studied.rows(
        """
        select feature_set, weeks, lower_bound, agreement, upper_bound
        from marts_ml.segment_stability order by 1, 2
        """
    )
    assert [weeks for _, weeks, *_ in series] == [2.0 * step for step in range(1, 11)] * 2
    full = {row[1]: row[2:] for row in series if row[0] == "full"}
    rfm = {row[1]: row[2:] for row in series if row[0] == "rfm"}
    assert min(low for low, _, _ in full.values()) >= 0.9
    assert max(high for weeks, (_, _, high) in rfm.items() if weeks >= 8) <= 0.7
    ((interval, is_due),) = studied.rows(
        "select refit_interval_weeks, is_refit_due from marts.refit_advice"
    )
    assert (interval, is_due) == (20.0, False)
