"""What a study of churn families may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """What a study of churn families may cost.

    Attributes:
        fold_count: folds of people in the cross-validation.
        resample_count: bootstrap samples of each interval.
        tree_share: of the trees that the families are fitted with otherwise, above 0 to 1.
    """

    fold_count: int = 5
    resample_count: int = 200
    tree_share: float = 1.0


QUICK_EFFORT = Effort(fold_count=3, resample_count=40, tree_share=0.25)
