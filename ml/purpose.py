"""What a purpose of models is: what they predict, and which figures decide between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Prediction = Literal["group", "probability", "amount", "ranking"]


@dataclass(frozen=True)
class DecidingMetric:
    """A figure by which models of a purpose are compared.

    Attributes:
        split: of ``ml.model_metrics``, such as ``test``.
        name: of the metric, such as ``roc_auc``.
        label: what a sentence calls it.
        is_higher_better: whether the larger of two values is the better one.
    """

    split: str
    name: str
    label: str
    is_higher_better: bool = True

    @property
    def gain_name(self) -> str:
        """The metric that says by how much a model is better than the best baseline."""
        return f"{self.name}_gain"

    @property
    def better(self) -> str:
        """Where the better one of two values lies: ``above`` or ``below``."""
        return "above" if self.is_higher_better else "below"

    def merit(self, value: float) -> float:
        """A number that is higher for the better model; what is not known is the worst.

        Example:
            >>> error = DecidingMetric("test", "rmse", "RMSE", is_higher_better=False)
            >>> error.merit(2.0) > error.merit(3.0) > error.merit(math.nan)
            True
        """
        if not math.isfinite(value):
            return -math.inf
        return value if self.is_higher_better else -value


@dataclass(frozen=True)
class PlausibleBound:
    """Where the warehouse says which figures are too good to be true.

    Attributes:
        metric_name: the figure, in any split.
        label: what a sentence calls it.
        table: one row, built by dbt.
        value_column: of the table; a model whose figure is above it is not eligible.
        gain_column: the same of the figure less the best baseline's, in the split ``test``; a null
            bounds nothing.
    """

    metric_name: str
    label: str
    table: tuple[str, str]
    value_column: str
    gain_column: str


@dataclass(frozen=True)
class Purpose:
    """What a model is for, and all that the choice of its champion has to know.

    Attributes:
        name: as in the registry.
        label: the word before its champion in what a command says.
        predicts: what a model says of a person: a ``group``, a ``probability``, an ``amount``, or a
            ``ranking``, which is a list of products.
        unit: of what is predicted, such as ``money`` or ``share``; empty where there is none.
        deciding_metric: the figure that ranks its families. Churn models are ranked on the training
            dates, so that the test, which nobody chose by, says the truth of the champion.
        test_metric: the figure by which a new fit and the champion are compared on a later period;
            None where there is no such test.
        plausible: the gate for what is too good to be true, if there is one.
        main_metrics: split and name of the figures that a summary shows; all if none is named.
        verdict_table: schema and name of the mart with a sentence on the champion in its columns
            ``model_id`` and ``verdict``, if there is one.
        min_customer_count: of fewer customers no model is fitted: groups among them say nothing of
            others.
        assets: module of its Dagster assets, in a list ``ASSETS`` (and asset checks in a list
            ``CHECKS``, if it has some); ``orchestration.assets.<name>`` if not given.
    """

    name: str
    label: str
    predicts: Prediction
    deciding_metric: DecidingMetric
    unit: str = ""
    test_metric: DecidingMetric | None = None
    plausible: PlausibleBound | None = None
    main_metrics: tuple[tuple[str, str], ...] = ()
    verdict_table: tuple[str, str] | None = None
    min_customer_count: int = 0
    assets: str = ""

    @property
    def asset_module(self) -> str:
        """The module of its assets."""
        return self.assets or f"orchestration.assets.{self.name}"

    @property
    def headline_metric(self) -> DecidingMetric:
        """The figure that says how good its champion is."""
        return self.test_metric or self.deciding_metric
