"""What a family of models is: its purpose, its verbs, how its models are scored and explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from ml.purpose import Purpose

# What stands for a dbt model where the library scores: its predictions are written back as rows.
LIBRARY = "library"


@dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes:
        name: as in the registry; the asset is called ``ml/<name>``.
        purpose: what its models are for.
        reader_name: what readers call it.
        description: of its asset.
        scored_by: the dbt model that scores everybody by its parameter rows, one of those that the
            macro ``scoring_models`` lists. Families whose parameters mean the same share one.
            ``library`` where Python predicts, and the warehouse keeps the scores as rows.
        is_interpretable: whether a score is a sum of one term for each feature, so that it can be
            explained.
        is_baseline: judged beside the others, to which they are held, and never champion.
        is_studied_only: compared in studies, but never fitted on everybody, so it has no asset.
        tree_count: trees of a fit at full effort, none where it has no trees.
        fit_options: argument of its fit to the setting of the asset that it takes, beside the seed.
        module: where its verbs are; ``ml.families.<name>`` if not given.
    """

    name: str
    purpose: Purpose
    reader_name: str
    description: str
    scored_by: str
    is_interpretable: bool = False
    is_baseline: bool = False
    is_studied_only: bool = False
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
