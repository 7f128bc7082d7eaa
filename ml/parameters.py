"""Model parameters as rows keyed by names: the form in which the warehouse keeps every model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ParameterRow:
    """One number of a model; a row of ``ml.model_parameters`` without its model.

    Attributes:
        parameter_name: what the number is, such as ``centroid``.
        value: a finite 64-bit number.
        component_id: segment or mixture component from 0, where there are several.
        feature_name: the feature that it belongs to, if any.
        paired_feature_name: the second feature, for entries of a matrix.
    """

    parameter_name: str
    value: float
    component_id: int | None = None
    feature_name: str | None = None
    paired_feature_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that SQL has no literal for."""
        if not math.isfinite(self.value):
            raise ValueError(
                f"expected a finite number for the parameter {self.parameter_name!r}, got "
                f"{self.value} (component {self.component_id}, feature {self.feature_name}); "
                "look for extreme values among the training rows"
            )


ParameterKey = tuple[int | None, str | None, str | None]


def group_rows(rows: Iterable[ParameterRow]) -> dict[str, dict[ParameterKey, float]]:
    """Rows by parameter name, then by (component, feature, paired feature).

    Raises:
        ValueError: two rows have the same key.

    Example:
        >>> group_rows([ParameterRow("weight", 0.25, component_id=0)])
        {'weight': {(0, None, None): 0.25}}
    """
    grouped: dict[str, dict[ParameterKey, float]] = {}
    for row in rows:
        key = (row.component_id, row.feature_name, row.paired_feature_name)
        values = grouped.setdefault(row.parameter_name, {})
        if key in values:
            raise ValueError(f"the parameter {row.parameter_name!r} has two rows for {key}")
        values[key] = row.value
    return grouped


def look_up(
    grouped: Mapping[str, Mapping[ParameterKey, float]],
    parameter_name: str,
    component_id: int | None = None,
    feature_name: str | None = None,
) -> float:
    """One number that the model cannot do without.

    Raises:
        ValueError: there is no such row.

    Example:
        >>> look_up(group_rows([ParameterRow("intercept", 0.5)]), "intercept")
        0.5
    """
    value = grouped.get(parameter_name, {}).get((component_id, feature_name, None))
    if value is None:
        raise ValueError(
            f"expected a row {parameter_name!r} for component {component_id} and feature "
            f"{feature_name}, got none; these rows are not a whole model of this family, fit again"
        )
    return value


def component_ids(values: Mapping[ParameterKey, float]) -> list[int]:
    """The components that a parameter speaks of, ascending from 0.

    Raises:
        ValueError: there is none, or one between is missing.

    Example:
        >>> component_ids({(1, None, None): 0.5, (0, None, None): 0.5})
        [0, 1]
    """
    found = sorted({component for component, _, _ in values if component is not None})
    if not found or found != list(range(len(found))):
        raise ValueError(
            f"expected components from 0 without a gap, got {found or 'none'}; these rows are not "
            "a whole model of this family, fit again"
        )
    return found
