"""What the warehouse says of each model, and which one is champion."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ml.evaluation import Metric
from ml.parameters import ParameterRow

Status = Literal["champion", "challenger", "retired"]


@dataclass(frozen=True)
class FittedModel:
    """All that is written of one fit, in one transaction.

    Attributes:
        purpose: ``segmentation`` or ``churn``.
        family: ``kmeans``, ``gmm`` or ``logistic``.
        as_of_date: no fact from this day on was seen.
        row_count: training rows.
        feature_count: features used.
        settings: what the fit was told, and the dates that it saw.
        code_version: of Regulars.
        parameters: the model.
        metrics: how good it is.
    """

    purpose: str
    family: str
    as_of_date: date
    row_count: int
    feature_count: int
    settings: Mapping[str, object]
    code_version: str
    parameters: Sequence[ParameterRow]
    metrics: Sequence[Metric]

    @property
    def model_id(self) -> str:
        """Family, as-of date and a digest of settings and parameters: the same fit, the same id."""
        digest = hashlib.sha256(self.purpose.encode())
        # What a study said of it beforehand is no part of the fit.
        told = {name: value for name, value in self.settings.items() if name != "study"}
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
        for row in sorted(self.parameters, key=str):
            digest.update(
                f"{row.parameter_name}|{row.component_id}|{row.feature_name}|"
                f"{row.paired_feature_name}|{float(row.value)!r}\n".encode()
            )
        return f"{self.family}-{self.as_of_date:%Y%m%d}-{digest.hexdigest()[:8]}"


@dataclass(frozen=True)
class Candidate:
    """A live model that may become champion of its purpose.

    Attributes:
        model_id: key of the registry.
        purpose: what it is for.
        family: its kind.
        status: what it is now.
        as_of_date: what it was fitted as of.
        trained_order: ascending with the time of training.
        quality: the figure that decides, higher is better; minus infinity or NaN if unknown.
        refusal: why it cannot be champion, whatever its quality; empty if it can.
        evidence: what else the registry is to say of it as champion.
    """

    model_id: str
    purpose: str
    family: str
    status: Status
    as_of_date: date
    trained_order: int
    quality: float
    refusal: str = ""
    evidence: str = ""


# The metric that decides between families of a purpose; higher is better.
DECIDING_METRIC = {"segmentation": ("study", "silhouette"), "churn": ("test", "roc_auc")}


@dataclass(frozen=True)
class Decision:
    """The new status of a model, and why."""

    model_id: str
    status: Status
    status_reason: str


def decide_statuses(candidates: Sequence[Candidate]) -> list[Decision]:
    """Choose the champion of each purpose among the latest fit of each family.

    The latest fit of a family replaces its former one. Among families the
    deciding metric decides; ties go to the family that comes first in the alphabet. A model that
    is refused is never champion, so a purpose may have none.

    Args:
        candidates: all live models (champion or challenger).

    Returns:
        One decision per candidate, in their order.

    Raises:
        ValueError: a purpose that no metric decides on.

    Example:
        >>> day = date(2018, 8, 30)
        >>> old = Candidate("a", "churn", "logistic", "champion", day, 1, 0.58)
        >>> new = Candidate("b", "churn", "logistic", "challenger", day, 2, 0.59)
        >>> [decision.status for decision in decide_statuses([old, new])]
        ['retired', 'champion']
    """
    latest: dict[tuple[str, str], Candidate] = {}
    for candidate in sorted(candidates, key=lambda each: (each.trained_order, each.model_id)):
        if candidate.purpose not in DECIDING_METRIC:
            raise ValueError(
                f"expected a purpose among {', '.join(DECIDING_METRIC)}, got "
                f"{candidate.purpose!r} of {candidate.model_id}; name the metric that decides on "
                "it in ml/registry.py"
            )
        latest[candidate.purpose, candidate.family] = candidate
    champions: dict[str, Candidate] = {}
    for (purpose, _), candidate in sorted(latest.items(), key=lambda item: item[0]):
        if candidate.refusal:
            continue
        if purpose not in champions or _known(candidate) > _known(champions[purpose]):
            champions[purpose] = candidate
    decisions = []
    for candidate in candidates:
        metric = DECIDING_METRIC[candidate.purpose][1]
        champion = champions.get(candidate.purpose)
        successor = latest[candidate.purpose, candidate.family]
        if champion is not None and candidate.model_id == champion.model_id:
            others = [
                f"{other.family} {other.quality:.4f}"
                for other in latest.values()
                if other.purpose == candidate.purpose and other.model_id != champion.model_id
            ]
            beside = f", beside {', '.join(others)}" if others else ", the only family"
            evidence = f"; {candidate.evidence}" if candidate.evidence else ""
            reason = f"{metric} {candidate.quality:.4f}{beside}{evidence}"
            decisions.append(Decision(candidate.model_id, "champion", reason))
        elif candidate.model_id == successor.model_id:
            reason = (
                f"refused: {candidate.refusal}"
                if candidate.refusal or champion is None
                else f"{metric} {candidate.quality:.4f}, not above {champion.model_id}"
            )
            decisions.append(Decision(candidate.model_id, "challenger", reason))
        else:
            reason = f"replaced by {successor.model_id}"
            decisions.append(Decision(candidate.model_id, "retired", reason))
    return decisions


def _known(candidate: Candidate) -> float:
    """The quality that counts: NaN compares with nothing, so it is as good as unknown."""
    return -math.inf if math.isnan(candidate.quality) else candidate.quality
