"""The one list of model families; whatever names families takes them from here.

A family is a module of this package and one entry here. A module is imported when its verbs are
asked for, not before: the command line reads this list and must start fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from ml.purposes import CHURN, SEGMENTATION, Purpose


@dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes:
        name: as in the registry; the asset is called ``ml/<name>``.
        purpose: what its models are for.
        reader_name: what readers call it, as in ``seeds/model_families.csv``.
        description: of its asset.
        scored_by: the dbt model that scores everybody by its parameter rows.
        is_interpretable: whether a score is a sum of one term for each feature, so that it can be
            explained.
        is_baseline: judged beside the others, to which they are held, and never champion.
        tree_count: trees of a fit at full effort, none where it has no trees.
        fit_options: argument of its fit to the setting of the asset that it takes, beside the seed.
        module: where its verbs are.
    """

    name: str
    purpose: Purpose
    reader_name: str
    description: str
    scored_by: str
    is_interpretable: bool = False
    is_baseline: bool = False
    tree_count: int | None = None
    fit_options: Mapping[str, str] = field(default_factory=dict)
    module: str = ""

    def load(self) -> ModuleType:
        """The module of its verbs; importing it takes a second or two, once."""
        return import_module(self.module or f"ml.families.{self.name}")

    @property
    def fit(self) -> Callable[..., Any]:
        """``fit_<name>``: a matrix, labels where the purpose has some, and rules to a model."""
        return self._verb(f"fit_{self.name}")

    @property
    def predict(self) -> Callable[..., Any]:
        """``predict_<name>``: a model and a matrix to what it says of each row."""
        return self._verb(f"predict_{self.name}")

    @property
    def to_rows(self) -> Callable[[Any], list[Any]]:
        """A model to its parameter rows."""
        return self._verb("to_rows")

    @property
    def from_rows(self) -> Callable[[Sequence[Any]], Any]:
        """Parameter rows to the model."""
        return self._verb("from_rows")

    def _verb(self, name: str) -> Callable[..., Any]:
        verb: Callable[..., Any] = getattr(self.load(), name)
        return verb


# In the order in which they are fitted: the first mixture takes over the ids of segments that
# KMeans finds, too. Trees: 1.2 % of 40,000 rows return, so steps are few and small.
FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "kmeans",
            SEGMENTATION,
            "KMeans",
            "The best KMeans of the study, fitted on everybody as of the as-of date.",
            scored_by="segments_kmeans",
            fit_options={"start_count": "kmeans_start_count"},
        ),
        Family(
            "gmm",
            SEGMENTATION,
            "Gaussian mixture",
            "The best Gaussian mixture of the study, fitted on everybody as of the as-of date.",
            scored_by="segments_gmm",
            fit_options={
                "start_count": "mixture_start_count",
                "regularization": "regularization",
            },
        ),
        Family(
            "logistic",
            CHURN,
            "logistic regression",
            "Return model: logistic regression.",
            scored_by="churn_logistic_terms",
            is_interpretable=True,
        ),
        Family(
            "additive",
            CHURN,
            "additive model",
            "Return model: boosted step functions, one for each feature.",
            scored_by="churn_additive_terms",
            is_interpretable=True,
            tree_count=150,
        ),
        Family(
            "random_forest",
            CHURN,
            "random forest",
            "Return model: random forest.",
            scored_by="churn_random_forest",
            tree_count=50,
        ),
        Family(
            "boosting",
            CHURN,
            "gradient boosting",
            "Return model: gradient boosting.",
            scored_by="churn_boosting",
            tree_count=80,
        ),
        Family(
            "bg_nbd",
            CHURN,
            "BG/NBD",
            "Return model: BG/NBD, which needs no labels but each person's history of purchases.",
            scored_by="churn_bg_nbd",
            is_baseline=True,
        ),
    )
}


def families_of(purpose: Purpose, *, with_baselines: bool = True) -> list[Family]:
    """Families of a purpose, in the order in which they are fitted.

    Args:
        purpose: of the families.
        with_baselines: those that are never champion, too.

    Example:
        >>> [family.name for family in families_of(SEGMENTATION)]
        ['kmeans', 'gmm']
    """
    return [
        family
        for family in FAMILIES.values()
        if family.purpose == purpose and (with_baselines or not family.is_baseline)
    ]
