"""Model parameters as rows keyed by names: the form in which the warehouse keeps every model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ParameterRow:
    """One number of a model; a row of ``ml.model_parameters`` without its model.

    Attributes:
        parameter_name: what the number is, such as ``centroid``.
        value: a finite 64-bit number.
        component_id: lasting id of the segment or mixture component, where there are several.
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


def name_features(rows: Iterable[ParameterRow]) -> list[str]:
    """The features that a model reads, in alphabetical order.

    Example:
        >>> name_features([ParameterRow("intercept", 1.0), ParameterRow("weight", 0.25, None, "a")])
        ['a']
    """
    return sorted({row.feature_name for row in rows if row.feature_name is not None})


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


def component_ids(values: Mapping[ParameterKey, float]) -> tuple[int, ...]:
    """The components that a parameter speaks of, ascending.

    Numbers between may be missing: a refit keeps the ids of the segments that persist, and an id
    whose segment is gone is not given again.

    Raises:
        ValueError: there is none.

    Example:
        >>> component_ids({(4, None, None): 0.5, (0, None, None): 0.5})
        (0, 4)
    """
    ids = sorted({component for component, _, _ in values if component is not None})
    if not ids:
        raise ValueError(
            "expected components with an id, got none; these rows are not a whole model of this "
            "family, fit again"
        )
    return tuple(ids)


def lasting_ids(segment_ids: Sequence[int], segment_count: int) -> tuple[int, ...]:
    """Ids for the segments of a model: those given, else 0 to segment_count - 1.

    Args:
        segment_ids: one per segment, or none at all.
        segment_count: segments of the model.

    Raises:
        ValueError: the ids are not one for each segment, distinct, ascending and from 0 up.

    Example:
        >>> lasting_ids((), 2), lasting_ids((1, 5), 2)
        ((0, 1), (1, 5))
    """
    ids = tuple(int(segment) for segment in segment_ids) or tuple(range(segment_count))
    if len(ids) != segment_count or ids != tuple(sorted(set(ids))) or min(ids) < 0:
        raise ValueError(
            f"expected {segment_count} distinct ids from 0 up, ascending, got {list(ids)}; "
            "with_segment_ids gives ids in any order"
        )
    return ids
