"""What a model in the warehouse says of people, by its family's own verbs."""

from __future__ import annotations

from collections.abc import Sequence

from ml.calibration import Calibration
from ml.families.catalog import FAMILIES
from ml.features import FeatureMatrix, FloatArray
from ml.parameters import ParameterRow


def predict_rows(family: str, rows: Sequence[ParameterRow], matrix: FeatureMatrix) -> FloatArray:
    """What a model in the warehouse predicts, recalibrated where its rows say so, shape (rows,).

    Args:
        family: of the model.
        rows: its parameters.
        matrix: features, more than the model uses do no harm.

    Raises:
        KeyError: a family that is not in the catalog.
    """
    verbs = FAMILIES[family]
    return Calibration.from_rows(rows).apply(verbs.predict(verbs.from_rows(rows), matrix))
