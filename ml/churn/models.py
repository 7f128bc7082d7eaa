"""A judged family as the model that the registry keeps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from ml.churn.budget import Effort
from ml.churn.judging import JudgedFamily
from ml.churn.study import ChurnStudy, StudySettings
from ml.families.catalog import FAMILIES
from ml.families.family import LIBRARY
from ml.parameters import name_features
from ml.purposes import CHURN
from ml.registry import PASSED, FittedModel


def describe_model(
    family: JudgedFamily,
    study: ChurnStudy,
    settings: StudySettings,
    effort: Effort,
    *,
    as_of_date: date,
    largest_compiled_leaf_count: int,
    code_version: str,
) -> FittedModel:
    """What is written of a family.

    Args:
        family: judged, and fitted on all complete dates.
        study: of which it is.
        settings: that the study was told.
        effort: that it cost.
        as_of_date: of the build.
        largest_compiled_leaf_count: ensembles with more leaves are scored by the library.
        code_version: of Regulars.
    """
    leaves = sum(row.parameter_name == "leaf_value" for row in family.parameters)
    is_large = leaves > largest_compiled_leaf_count
    by_library = is_large or FAMILIES[family.name].scored_by == LIBRARY
    return FittedModel(
        purpose=CHURN.name,
        family=family.name,
        as_of_date=as_of_date,
        row_count=family.row_count or study.row_count,
        feature_count=len(name_features(family.parameters)),
        settings={
            **asdict(effort),
            "seed": settings.seed,
            "recalibration": settings.recalibration,
            **study.told,
            **({"fitted_dates": [str(as_of_date)]} if family.row_count else {}),
        },
        code_version=code_version,
        # Whatever else is said of a model that is too good to be true, it is not eligible for that.
        verdict=family.suspicion or "; ".join(family.refusals) or PASSED,
        test_date=study.test_date,
        label_window_days=study.label_window_days,
        scored_by="library" if by_library else "sql",
        parameters=family.parameters,
        metrics=family.metrics,
        baselines=family.judgement.baselines,
        curves=family.judgement.curves,
    )
