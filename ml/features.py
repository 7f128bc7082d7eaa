"""Feature matrices, and the preprocessing that every model carries among its own parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml.parameters import ParameterRow, group_rows, look_up

FloatArray = NDArray[np.float64]

TRANSFORMS = ("identity", "log1p")
NULL_RULES = ("none", "median")
SCALINGS = ("standard", "min_max")


class FeatureError(ValueError):
    """A feature matrix cannot be used as it is."""


@dataclass(frozen=True)
class FeatureRule:
    """How one feature is prepared for a model; a row of ``seeds/feature_catalog.csv``.

    Attributes:
        feature_name: a column of ``features.customer_feature_snapshots``.
        transform: ``identity``, or ``log1p`` for ln(1 + x) of skewed amounts and counts; an
            amount below 0, of who was refunded more than they paid, counts as 0.
        null_rule: ``none`` where a missing value is an error, ``median`` to fill it in.
    """

    feature_name: str
    transform: str = "identity"
    null_rule: str = "none"

    def __post_init__(self) -> None:
        """Refuse words that the scoring macros do not know."""
        if self.transform not in TRANSFORMS:
            raise FeatureError(
                f"the transform of {self.feature_name!r} must be one of {', '.join(TRANSFORMS)}, "
                f"got {self.transform!r}; mend seeds/feature_catalog.csv"
            )
        if self.null_rule not in NULL_RULES:
            raise FeatureError(
                f"the null rule of {self.feature_name!r} must be one of {', '.join(NULL_RULES)}, "
                f"got {self.null_rule!r}; mend seeds/feature_catalog.csv"
            )


@dataclass(frozen=True)
class FeatureMatrix:
    """What Python sees of the warehouse: numbers and their names, no identities.

    Attributes:
        feature_names: one per column.
        values: shape (rows, features), NaN where a value is missing.
    """

    feature_names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        """Check that names and columns agree."""
        if self.values.ndim != 2 or self.values.shape[1] != len(self.feature_names):
            raise FeatureError(
                f"expected a matrix with {len(self.feature_names)} columns "
                f"({', '.join(self.feature_names)}), got shape {self.values.shape}"
            )

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return int(self.values.shape[0])


@dataclass(frozen=True)
class LabelledMatrix:
    """Features as of some dates, and who came back.

    Attributes:
        matrix: shape (customers x dates, features).
        is_returning: shape (customers x dates,).
        person_numbers: the same number for the same person, shape (customers x dates,); tells
            nobody's identity.
    """

    matrix: FeatureMatrix
    is_returning: NDArray[np.bool_]
    person_numbers: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> LabelledMatrix:
        """Some of the rows, in the order given."""
        return LabelledMatrix(
            FeatureMatrix(self.matrix.feature_names, self.matrix.values[rows]),
            self.is_returning[rows],
            self.person_numbers[rows],
        )


@dataclass(frozen=True)
class Preprocessing:
    """Fill in, take logarithms, centre and scale; each array has one entry per feature.

    Attributes:
        feature_names: the order of the arrays.
        is_log1p: whether ln(1 + x) is taken, with what is below 0 as 0.
        imputed_value: what stands for a missing value, in the feature's own unit; NaN where
            missing values are refused.
        center: mean of the transformed feature in the training rows; its minimum where the
            scaling is ``min_max``.
        scale: its standard deviation (population), or its range; 1 where that is 0 up to rounding.
    """

    feature_names: tuple[str, ...]
    is_log1p: NDArray[np.bool_]
    imputed_value: FloatArray
    center: FloatArray
    scale: FloatArray

    def apply(self, matrix: FeatureMatrix) -> FloatArray:
        """Scaled features, shape (rows, features), nothing missing.

        Raises:
            FeatureError: a feature is absent, missing where that is refused, or infinite.
        """
        absent = [name for name in self.feature_names if name not in matrix.feature_names]
        if absent:
            raise FeatureError(
                f"the model needs the feature {absent[0]!r}, which the matrix does not have (it "
                f"has {', '.join(matrix.feature_names)}); read that column too, or fit again"
            )
        columns = [matrix.feature_names.index(name) for name in self.feature_names]
        values = matrix.values[:, columns]
        filled = np.where(np.isnan(values), self.imputed_value, values)
        for index, name in enumerate(self.feature_names):
            missing = int(np.isnan(filled[:, index]).sum())
            if missing:
                raise FeatureError(
                    f"feature {name!r} has {missing} missing values; impute in "
                    "customer_feature_snapshots, or give it the null rule median in "
                    "seeds/feature_catalog.csv"
                )
            infinite = int(np.isinf(filled[:, index]).sum())
            if infinite:
                raise FeatureError(
                    f"feature {name!r} has {infinite} infinite values, expected finite numbers; "
                    "look for a division by 0 in customer_feature_snapshots"
                )
        logged = np.log1p(np.where(self.is_log1p, np.maximum(filled, 0.0), 0.0))
        transformed = np.where(self.is_log1p, logged, filled)
        return np.asarray((transformed - self.center) / self.scale, dtype=np.float64)

    def to_rows(self) -> list[ParameterRow]:
        """The preprocessing as parameter rows; absent rows mean no logarithm, no filling in."""
        rows = []
        for index, name in enumerate(self.feature_names):
            if self.is_log1p[index]:
                rows.append(ParameterRow("is_log1p", 1.0, feature_name=name))
            if not np.isnan(self.imputed_value[index]):
                rows.append(
                    ParameterRow(
                        "imputed_value", float(self.imputed_value[index]), feature_name=name
                    )
                )
            rows.append(ParameterRow("center", float(self.center[index]), feature_name=name))
            rows.append(ParameterRow("scale", float(self.scale[index]), feature_name=name))
        return rows

    @classmethod
    def from_rows(cls, rows: Sequence[ParameterRow]) -> Preprocessing:
        """Rebuild from parameter rows; features in alphabetical order.

        Raises:
            ValueError: a feature has no ``center`` or no ``scale``, or two rows say the same.
        """
        grouped = group_rows(rows)
        named = {*grouped.get("center", {}), *grouped.get("scale", {})}
        names = tuple(sorted(name for _, name, _ in named if name is not None))
        if not names:
            raise ValueError(
                "expected a row 'center' and a row 'scale' for each feature, got none; these rows "
                "are not a whole model, fit again"
            )

        def values(parameter: str, default: float) -> FloatArray:
            by_feature = grouped.get(parameter, {})
            return np.array([by_feature.get((None, name, None), default) for name in names])

        return cls(
            feature_names=names,
            is_log1p=values("is_log1p", 0.0) == 1.0,
            imputed_value=values("imputed_value", np.nan),
            center=np.array([look_up(grouped, "center", None, name) for name in names]),
            scale=np.array([look_up(grouped, "scale", None, name) for name in names]),
        )


def fit_preprocessing(
    matrix: FeatureMatrix, rules: Sequence[FeatureRule], *, scaling: str = "standard"
) -> Preprocessing:
    """Learn fill-in values, centres and scales from training rows.

    Args:
        matrix: training rows; must have every feature of the rules.
        rules: one per feature that the model is to use.
        scaling: ``standard`` for mean 0 and standard deviation 1, ``min_max`` for 0 to 1. Of the
            two, the range hangs on the two most extreme customers.

    Raises:
        FeatureError: no rows, no rules, two rules for one feature, an absent feature, an unknown
            scaling, or values that :meth:`Preprocessing.apply` refuses.

    Example:
        >>> matrix = FeatureMatrix(("recency_days",), np.array([[1.0], [3.0]]))
        >>> fit_preprocessing(matrix, [FeatureRule("recency_days")]).apply(matrix).ravel()
        array([-1.,  1.])
    """
    if scaling not in SCALINGS:
        raise FeatureError(
            f"the scaling must be one of {', '.join(SCALINGS)}, got {scaling!r}; mend the settings "
            "of the model"
        )
    if matrix.row_count == 0:
        raise FeatureError("expected at least one training row, got none; build the features first")
    ordered = sorted(rules, key=lambda rule: rule.feature_name)
    names = tuple(rule.feature_name for rule in ordered)
    if not names or len(set(names)) < len(names):
        raise FeatureError(
            f"expected one rule for each of one or more features, got {', '.join(names) or 'none'};"
            " mend seeds/feature_catalog.csv"
        )
    absent = [name for name in names if name not in matrix.feature_names]
    if absent:
        raise FeatureError(
            f"the feature {absent[0]!r} of seeds/feature_catalog.csv is not in the matrix, which "
            f"has {', '.join(matrix.feature_names)}; read that column too, or mend the catalog"
        )
    imputed = np.full(len(names), np.nan)
    for index, rule in enumerate(ordered):
        if rule.null_rule == "median":
            column = matrix.values[:, matrix.feature_names.index(rule.feature_name)]
            filled = column[~np.isnan(column)]
            imputed[index] = np.median(filled) if len(filled) else 0.0
    raw = Preprocessing(
        feature_names=names,
        is_log1p=np.array([rule.transform == "log1p" for rule in ordered]),
        imputed_value=imputed,
        center=np.zeros(len(names)),
        scale=np.ones(len(names)),
    )
    transformed = raw.apply(matrix)
    if scaling == "min_max":
        spread = np.ptp(transformed, axis=0)
        return replace(raw, center=transformed.min(axis=0), scale=np.where(spread > 0, spread, 1.0))
    center, variance = transformed.mean(axis=0), transformed.var(axis=0)
    # What rounding leaves of a constant column: its sum is off by up to rows * epsilon of itself.
    # The same bound as in scikit-learn's StandardScaler; 0.1 in 7 rows has a spread of 1e-17.
    noise = matrix.row_count * np.finfo(np.float64).eps
    is_constant = variance <= noise * variance + (noise * center) ** 2
    return replace(raw, center=center, scale=np.where(is_constant, 1.0, np.sqrt(variance)))
