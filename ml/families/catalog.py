"""The one list of model families; whatever names families takes them from here.

A family is a module of this package and one entry here. Another package adds one by an entry point
in the group ``regulars.families``. A module is imported when its verbs are asked for, not before:
the command line reads this list and must start fast.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml.entry_points import ExtensionError, add_entries
from ml.families.family import Family
from ml.purpose import Purpose
from ml.purposes import CHURN, PURPOSES, SEGMENTATION

# In the order in which they are fitted: the first mixture takes over the ids of segments that
# KMeans finds, too. Trees: 1.2 % of 40,000 rows return, so steps are few and small.
_OWN = (
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
    Family(
        "dbscan",
        SEGMENTATION,
        "DBSCAN",
        "Compared in the study only.",
        scored_by="",
        is_studied_only=True,
    ),
    Family(
        "ward",
        SEGMENTATION,
        "Ward",
        "Compared in the study only.",
        scored_by="",
        is_studied_only=True,
    ),
)
FAMILIES: Mapping[str, Family] = add_entries(_OWN, Family, "regulars.families")
for _family in FAMILIES.values():
    if _family.purpose not in PURPOSES.values():
        raise ExtensionError(
            f"the family {_family.name!r} is for {_family.purpose.name!r}, expected a purpose "
            f"among {', '.join(PURPOSES)}; let an entry point in regulars.purposes bring it"
        )


def families_of(purpose: Purpose, *, with_baselines: bool = True) -> list[Family]:
    """Families of a purpose that have an asset, in the order in which they are fitted.

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
        if family.purpose == purpose
        and not family.is_studied_only
        and (with_baselines or not family.is_baseline)
    ]


def studied_families(purpose: Purpose) -> list[Family]:
    """Families of a purpose that a study compares, those without an asset last.

    Example:
        >>> [family.name for family in studied_families(SEGMENTATION)]
        ['kmeans', 'gmm', 'dbscan', 'ward']
    """
    own = families_of(purpose, with_baselines=False)
    studied = [family for family in FAMILIES.values() if family.is_studied_only]
    return own + [family for family in studied if family.purpose == purpose]
