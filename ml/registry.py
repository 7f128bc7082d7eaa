"""What the warehouse says of each model, and which one is champion."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from ml.figures import BaselineMetric, CurvePoint, Metric
from ml.parameters import ParameterRow
from ml.purpose import DecidingMetric
from ml.purposes import PURPOSES

# A row that is not eligible is a model with a figure too good to be true; or, where its family is
# ``none``, no model at all: it says why none could be fitted.
Status = Literal["champion", "challenger", "retired", "not_eligible"]
# Who computes a model's scores: the warehouse from its parameter rows, or Python, which writes them
# back, where the model is too large to be spelled out as SQL.
ScoredBy = Literal["sql", "library"]
# The verdict on a model that can be champion; any other verdict says why it cannot.
PASSED = "passed"


@dataclass(frozen=True)
class FittedModel:
    """All that is written of one fit, in one transaction.

    Attributes:
        purpose: its name.
        family: name of its kind.
        as_of_date: no fact from this day on was seen.
        row_count: training rows.
        feature_count: features used.
        settings: what the fit was told, and the dates that it saw.
        code_version: of Regulars.
        verdict: ``passed`` if it can be champion, else why it cannot.
        parameters: the model.
        metrics: how good it is.
        evidence: what the registry adds to the reason if it is champion.
        test_date: as of which it was judged; none if on no later period.
        label_window_days: of the labels that it learned and was judged by; none if by none.
        scored_by: ``sql``, or ``library`` if it is too large to compile.
        baselines: how good each baseline is beside it, of churn models on their test date.
        curves: both as curves.
    """

    purpose: str
    family: str
    as_of_date: date
    row_count: int
    feature_count: int
    settings: Mapping[str, object]
    code_version: str
    verdict: str
    parameters: Sequence[ParameterRow]
    metrics: Sequence[Metric]
    evidence: str = ""
    test_date: date | None = None
    label_window_days: int | None = None
    scored_by: ScoredBy = "sql"
    baselines: Sequence[BaselineMetric] = ()
    curves: Sequence[CurvePoint] = ()

    @property
    def model_id(self) -> str:
        """Family, as-of date and a digest of settings and parameters: the same fit, the same id."""
        digest = hashlib.sha256(self.purpose.encode())
        # Which study chose it is no part of the fit; nor are verdict and evidence.
        settings = {name: value for name, value in self.settings.items() if name != "study_id"}
        if self.test_date is not None:
            # They were settings once, and ids last.
            settings |= {
                "test_date": str(self.test_date),
                "label_window_days": self.label_window_days,
                "scored_by": self.scored_by,
            }
        digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
        for row in sorted(self.parameters, key=str):
            digest.update(
                f"{row.parameter_name}|{row.component_id}|{row.feature_name}|"
                f"{row.paired_feature_name}|{float(row.value)!r}\n".encode()
            )
        return f"{self.family}-{self.as_of_date:%Y%m%d}-{digest.hexdigest()[:8]}"


@dataclass(frozen=True)
class StoredModel:
    """A model of the warehouse, as far as it is needed to predict with it.

    Attributes:
        model_id: key of the registry.
        family: its kind.
        parameters: its rows.
    """

    model_id: str
    family: str
    parameters: Sequence[ParameterRow]


@dataclass(frozen=True)
class Candidate:
    """A live model that may become champion of its purpose, or one that was not eligible so far.

    Attributes:
        model_id: key of the registry.
        purpose: what it is for.
        family: its kind.
        status: what it is now.
        as_of_date: what it was fitted as of.
        trained_order: ascending with the time of training.
        quality: the figure that decides; infinite or NaN if unknown.
        refusal: why it cannot be champion, whatever its quality; empty if it can.
        suspicion: why its figures are too good to be true; empty if they are not.
        evidence: what else the registry is to say of it as champion.
        test_date: of the test that it was judged on, such as ``2018-03-01``; none if on none.
        test_qualities: the purpose's test metric by the date of the test: its own, and those that
            it was held to again later.
        was_champion: it has been champion before, as of the same date.
        is_rolled_back: by hand, and not promoted by hand since.
    """

    model_id: str
    purpose: str
    family: str
    status: Status
    as_of_date: date
    trained_order: int
    quality: float
    refusal: str = ""
    suspicion: str = ""
    evidence: str = ""
    test_date: str | None = None
    test_qualities: Mapping[str, float] = field(default_factory=dict)
    was_champion: bool = False
    is_rolled_back: bool = False


ROLLED_BACK = "rolled back by hand"
# How the reason of a model begins that ranks customers too well to be true.
SUSPECTED = "suspected leak"


@dataclass(frozen=True)
class Decision:
    """The new status of a model, and why."""

    model_id: str
    status: Status
    status_reason: str


def decide_statuses(candidates: Sequence[Candidate]) -> list[Decision]:
    """Choose the champion of each purpose among the latest fit of each family.

    The latest fit of a family replaces its former one. Among families the deciding metric decides;
    ties go to the family that comes first in the alphabet. The present champion gives way only to
    a model that is at least as good on the same test; if the best one is not, the next best is
    tried. If none is, the champion stays, though it may not be the latest fit of its family. Where
    there is no such test (segmentations have none) the latest fits alone decide.

    A model that is refused, or was rolled back by hand, is never champion; so a purpose may have
    none. One whose figures are too good to be true is not eligible, champion or not.

    Args:
        candidates: all live models (champion or challenger), and those that are not eligible.

    Returns:
        One decision per candidate, in their order. To decide again changes nothing.

    Raises:
        ValueError: a purpose that no metric decides on.

    Example:
        >>> day = date(2018, 8, 30)
        >>> old = Candidate("a", "churn", "logistic", "champion", day, 1, 0.58)
        >>> new = Candidate("b", "churn", "logistic", "challenger", day, 2, 0.59)
        >>> [decision.status for decision in decide_statuses([old, new])]
        ['retired', 'champion']

        On the test of March 1 the new one is worse, so the old one stays:

        >>> from dataclasses import replace
        >>> old = replace(old, test_date="2018-03-01", test_qualities={"2018-03-01": 0.60})
        >>> new = replace(new, test_date="2018-03-01", test_qualities={"2018-03-01": 0.59})
        >>> [decision.status for decision in decide_statuses([old, new])]
        ['champion', 'challenger']
    """
    decisions: dict[str, Decision] = {}
    for candidate in candidates:
        if candidate.purpose not in PURPOSES:
            raise ValueError(
                f"expected a purpose among {', '.join(PURPOSES)}, got "
                f"{candidate.purpose!r} of {candidate.model_id}; install the package that "
                "brings it again, or list it in ml/purposes.py"
            )
    for name, purpose in PURPOSES.items():
        decisions |= _decide(
            [
                replace(candidate, refusal=candidate.suspicion or candidate.refusal)
                for candidate in candidates
                if candidate.purpose == name
            ],
            purpose.deciding_metric,
        )
    return [decisions[candidate.model_id] for candidate in candidates]


def _decide(candidates: Sequence[Candidate], deciding: DecidingMetric) -> dict[str, Decision]:
    """Decisions on the models of one purpose, by id."""
    ordered = sorted(
        (candidate for candidate in candidates if not candidate.is_rolled_back),
        key=lambda candidate: (candidate.trained_order, candidate.model_id),
    )
    latest = {candidate.family: candidate for candidate in ordered}
    contenders = sorted(
        (candidate for candidate in latest.values() if not candidate.refusal),
        key=lambda candidate: (-deciding.merit(candidate.quality), candidate.family),
    )
    champion = next(
        (
            candidate
            for candidate in reversed(ordered)
            if candidate.status == "champion" and not candidate.refusal
        ),
        None,
    )
    champion, why_champion, why_not = _settle(contenders, champion, latest)
    if champion is not None and champion not in contenders:
        if not champion.test_qualities:
            champion = None  # it has nothing to defend its place with
        else:
            failed = "; ".join(why_not[candidate.model_id] for candidate in contenders)
            why_champion = f"stays: {failed or 'what is newer is refused'}"
    return {
        candidate.model_id: Decision(
            candidate.model_id, *_status_of(candidate, champion, latest, why_champion, why_not)
        )
        for candidate in candidates
    }


def _settle(
    contenders: Sequence[Candidate], incumbent: Candidate | None, latest: Mapping[str, Candidate]
) -> tuple[Candidate | None, str, dict[str, str]]:
    """Who is champion in the end, why, and why those may not be whose figure is better.

    A contender that takes the place has to defend it in turn, against those that were tried before
    it. So to decide again changes nothing, and the search ends: each step goes up the list.
    """
    failed: dict[str, str] = {}
    for contender in contenders:
        if contender == incumbent:
            break
        is_passed, reason = _compare(contender, incumbent, latest)
        if is_passed:
            champion, why_later, failed_later = _settle(contenders, contender, latest)
            worse = _why_worse(champion, incumbent, latest)
            if not worse:
                return champion, why_later or reason, failed_later
            reason = f"its place would not last: {worse}"
        failed[contender.model_id] = reason
    return incumbent, "", failed


def _why_worse(
    champion: Candidate | None, former: Candidate | None, latest: Mapping[str, Candidate]
) -> str:
    """The figures of both, if the champion is worse than a former one on the same test."""
    if champion is None or former is None or champion.test_date not in former.test_qualities:
        return ""
    is_passed, reason = _compare(champion, former, latest)
    return "" if is_passed else reason


def _compare(
    contender: Candidate, incumbent: Candidate | None, latest: Mapping[str, Candidate]
) -> tuple[bool, str]:
    """Whether a contender is at least as good as the incumbent on its own test, and the figures."""
    if incumbent is None or contender == incumbent or not incumbent.test_qualities:
        return True, ""
    is_newer = contender.trained_order > incumbent.trained_order
    if is_newer and contender.as_of_date < incumbent.as_of_date:
        # A build as of the earlier date cannot be scored by what was fitted later.
        return True, f"fitted as of {contender.as_of_date}, before {incumbent.model_id}"
    if contender.was_champion and is_newer and contender.as_of_date != incumbent.as_of_date:
        # Going back to a date gives what it gave.
        return True, f"champion again, as of {contender.as_of_date}"
    test, judged = contender.test_date, incumbent
    if test not in incumbent.test_qualities:
        judged = latest[incumbent.family]
    own = contender.test_qualities.get(test or "")
    other = judged.test_qualities.get(test or "")
    if judged == contender or judged.refusal or own is None or other is None:
        reason = f"not comparable with {incumbent.model_id}, which was judged on another test"
        if is_newer:
            return True, f"{reason}, so the newer fit wins"
        return False, f"{reason} and is newer"
    for_whom = "" if judged == incumbent else f" for {incumbent.model_id}"
    metric = PURPOSES[contender.purpose].headline_metric
    return metric.merit(own) >= metric.merit(other), (
        f"on the test of {test} {contender.model_id} reaches {own:.4f}, "
        f"{judged.model_id}{for_whom} {other:.4f}"
    )


def _status_of(
    candidate: Candidate,
    champion: Candidate | None,
    latest: Mapping[str, Candidate],
    why_champion: str,
    why_not: Mapping[str, str],
) -> tuple[Status, str]:
    """Status and reason of a model, once the champion is known."""
    if candidate.is_rolled_back:
        return "retired", ROLLED_BACK
    deciding = PURPOSES[candidate.purpose].deciding_metric
    figure = f"{deciding.label} {candidate.quality:.4f}"
    if candidate == champion:
        rivals = [
            other
            for other in latest.values()
            if other.model_id != champion.model_id and math.isfinite(other.quality)
        ]
        # A figure too good to be true is no figure to be compared with.
        compared = [
            f"{other.family} {other.quality:.4f}" for other in rivals if not other.suspicion
        ]
        beside = f", beside {', '.join(compared)}" if compared else ""
        if not rivals:
            beside = ", the only family"
        parts = [figure + beside, why_champion, candidate.evidence]
        return "champion", "; ".join(part for part in parts if part)
    successor = latest[candidate.family]
    if candidate != successor:
        return "retired", f"replaced by {successor.model_id}"
    if candidate.refusal or champion is None:
        status: Status = "not_eligible" if candidate.suspicion else "challenger"
        return status, candidate.suspicion or f"refused: {candidate.refusal}"
    if candidate.model_id in why_not:
        return "challenger", f"{figure}; {why_not[candidate.model_id]}"
    return "challenger", f"{figure}, not {deciding.better} {champion.model_id}"
