"""A family, judged on the test date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml.churn.budget import Effort
from ml.churn.evaluation import Judgement, judge_return_scores
from ml.churn.protocol import ChurnProtocol
from ml.features import FloatArray, LabelledMatrix
from ml.figures import Metric
from ml.parameters import ParameterRow


@dataclass(frozen=True)
class JudgedFamily:
    """A family, judged on the test date and fitted again on all complete dates.

    Attributes:
        name: as in the registry.
        parameters: of the fit on all complete dates, calibration included.
        metrics: the cross-validated ROC AUC first (BG/NBD's on the training date, since it learns
            from no labels), then those of the test.
        judgement: curves of the test.
        refusals: why it may not be champion; none if it may.
        suspicion: the first of them, where a figure is too good to be true: such a model is not
            eligible, whatever else is said of it.
        row_count: customers that the final fit saw, where it was on those of the build's own date
            instead of all complete dates.
    """

    name: str
    parameters: Sequence[ParameterRow]
    metrics: Sequence[Metric]
    judgement: Judgement
    refusals: Sequence[str]
    suspicion: str = ""
    row_count: int = 0

    @property
    def test_roc_auc(self) -> float:
        """Area under the ROC curve on the test date."""
        (auc,) = [
            metric.metric_value
            for metric in self.judgement.metrics
            if metric.metric_name == "roc_auc"
        ]
        return auc


def judge_probability(
    probability: FloatArray,
    test: LabelledMatrix,
    scores: Mapping[str, FloatArray],
    probabilities: Mapping[str, FloatArray],
    protocol: ChurnProtocol,
    effort: Effort,
    *,
    train_base_rate: float,
    seed: int,
) -> Judgement:
    """Judge one family's probabilities at the test date."""
    return judge_return_scores(
        test.is_returning,
        probability,
        scores,
        baseline_probabilities=probabilities,
        train_base_rate=train_base_rate,
        contact_cost=protocol.contact_cost_amount,
        return_value=protocol.return_value_amount,
        resample_count=effort.resample_count,
        seed=seed,
    )
