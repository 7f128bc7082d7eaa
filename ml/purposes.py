"""The one list of purposes, read by commands, assets, checks, the store and, as rows, by SQL.

Another package adds one by an entry point in the group ``regulars.purposes``. Nothing here imports
a library that takes long, since the command line asks for it before it knows what it is to do.
"""

from __future__ import annotations

from ml.entry_points import add_entries
from ml.purpose import DecidingMetric, PlausibleBound, Purpose

SEGMENTATION = Purpose(
    name="segmentation",
    label="Segments",
    predicts="group",
    deciding_metric=DecidingMetric("study", "silhouette", "silhouette"),
    min_customer_count=100,
)
CHURN = Purpose(
    name="churn",
    label="Churn",
    predicts="probability",
    unit="share",
    deciding_metric=DecidingMetric("cross_validation", "roc_auc", "cross-validated ROC AUC"),
    test_metric=DecidingMetric("test", "roc_auc", "ROC AUC"),
    plausible=PlausibleBound(
        "roc_auc",
        "ROC AUC",
        ("features", "churn_protocol"),
        "most_plausible_roc_auc",
        "most_plausible_roc_auc_gain",
    ),
    main_metrics=(
        ("cross_validation", "roc_auc"),
        ("test", "roc_auc"),
        ("test", "roc_auc_gain"),
        ("test", "pr_auc"),
        ("test", "lift_at_10_percent"),
        ("test", "brier_skill"),
        ("test", "calibration_slope"),
    ),
    verdict_table=("marts", "churn_verdict"),
)
PURPOSES = add_entries([SEGMENTATION, CHURN], Purpose, "regulars.purposes")
