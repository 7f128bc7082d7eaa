"""How a study fits a candidate: by the verbs of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml.families.catalog import FAMILIES
from ml.features import FloatArray
from ml.segmentation.agreement import IntArray

if TYPE_CHECKING:
    from ml.segmentation.candidates import Recipe, StudySettings
    from ml.segmentation.space import Space

Assign = Callable[[FloatArray], IntArray]


@dataclass(frozen=True)
class CandidateFit:
    """A fitted candidate: who goes where, and what its family says of the fit."""

    assign: Assign
    figures: Mapping[str, float] = field(default_factory=dict)


def fit_candidate(
    recipe: Recipe, space: Space, resample: int | None, settings: StudySettings, seed: int
) -> CandidateFit:
    """Fit a candidate on the sample, or on one of its bootstrap samples.

    Args:
        recipe: its family, and what that is told.
        space: the sample.
        resample: number of the bootstrap sample; the sample itself if None.
        settings: how large the study is.
        seed: of random starts and choices.
    """
    verbs = FAMILIES[recipe.family].load()
    fit: CandidateFit = verbs.fit_candidate(recipe.settings, space, resample, settings, seed)
    return fit
