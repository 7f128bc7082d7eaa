"""What models are for: the one list of purposes, read by commands, assets and checks.

Nothing here imports a library that takes long, since the command line asks for it before it knows
what it is to do.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Purpose:
    """What a model is for.

    Attributes:
        name: as in the registry.
        label: the word before its champion in what a command says.
        deciding_metric: split and name of the figure that decides between its families, higher is
            better. Churn models are ranked on the training dates, so that the test, which nobody
            chose by, says the truth of the champion.
        metric_label: how that figure is called in a reason.
        min_customer_count: of fewer customers no model is fitted: groups among them say nothing of
            others.
    """

    name: str
    label: str
    deciding_metric: tuple[str, str]
    metric_label: str
    min_customer_count: int = 0


SEGMENTATION = Purpose(
    name="segmentation",
    label="Segments",
    deciding_metric=("study", "silhouette"),
    metric_label="silhouette",
    min_customer_count=100,
)
CHURN = Purpose(
    name="churn",
    label="Churn",
    deciding_metric=("cross_validation", "roc_auc"),
    metric_label="cross-validated ROC AUC",
)
PURPOSES = {purpose.name: purpose for purpose in (SEGMENTATION, CHURN)}
