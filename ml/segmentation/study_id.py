"""What a study depends on, as one word: where it is the same, no other study is needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

import ml.features
from ml.families.catalog import studied_families
from ml.features import FeatureMatrix, FeatureRule
from ml.purposes import SEGMENTATION
from ml.segmentation.candidates import StudySettings
from ml.segmentation.choice import AcceptanceThresholds
from ml.segmentation.feature_sets import RFM_RULES


def identify_study(
    settings: StudySettings,
    thresholds: AcceptanceThresholds,
    features: Sequence[FeatureRule],
    matrix: FeatureMatrix,
) -> str:
    """Digest of settings, thresholds, features, code of studies, families, scikit-learn's version.

    Args:
        settings: how large the study is.
        thresholds: what a champion must reach.
        features: of the full set.
        matrix: what everybody has of them.
    """
    digest = hashlib.sha256(version("scikit-learn").encode())
    families = [family.load().__file__ for family in studied_families(SEGMENTATION)]
    modules = [Path(str(module)) for module in (*families, ml.features.__file__)]
    for module in (*sorted(Path(__file__).parent.glob("*.py")), *modules):
        digest.update(module.read_bytes())
    inputs = [
        asdict(settings),
        asdict(thresholds),
        [asdict(feature_rule) for feature_rule in (*features, *RFM_RULES)],
    ]
    digest.update(json.dumps(inputs, sort_keys=True).encode())
    digest.update(repr(matrix.feature_names).encode())
    digest.update(np.ascontiguousarray(matrix.values).tobytes())
    return digest.hexdigest()[:16]
