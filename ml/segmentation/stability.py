"""A segmentation that is frozen at a date beside refits since, on the same customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ml.features import FeatureMatrix
from ml.segmentation.agreement import (
    IntArray,
    StabilityError,
    adjusted_rand,
    bootstrap_band,
    contingency,
    reassigned_share,
)
from ml.segmentation.models import SegmentModel

Predict = Callable[[FeatureMatrix], IntArray]
Fit = Callable[[FeatureMatrix], Predict]


@dataclass(frozen=True)
class Agreement:
    """How far a frozen segmentation still holds at a later date; each index is adjusted Rand.

    Attributes:
        customer_count: customers compared, those known at the first date.
        frozen_with_refit: frozen model against refit, both on today's features; 1 minus it is how
            far the borders moved.
        frozen_with_refit_of_all: the same over all customers of today, newcomers too.
        then_with_now: frozen model on the features of the first date against today's; 1 minus it is
            how far the customers moved.
        total: frozen model on the features of the first date against the refit on today's.
        table: shape (segments of the frozen model, segments of the refit), customers behind
            ``frozen_with_refit``, for :func:`bootstrap_band`.
        migration: shape (segments, segments), customers of the frozen model by their segment of the
            first date and of today.
    """

    customer_count: int
    frozen_with_refit: float
    frozen_with_refit_of_all: float
    then_with_now: float
    total: float
    table: IntArray
    migration: IntArray


def agreement_over_time(
    first: FeatureMatrix, later: Mapping[date, FeatureMatrix], fit: Fit
) -> dict[date, Agreement]:
    """Freeze a model at the first date and compare it with a refit at each later one.

    With F the features as of a date and M a model fitted on them, at each date t:
    ``frozen_with_refit`` is ARI(M0(Ft), Mt(Ft)), ``then_with_now`` ARI(M0(F0), M0(Ft)) and
    ``total`` ARI(M0(F0), Mt(Ft)), over the customers of the first date; the refit sees those who
    came since as well, and ``frozen_with_refit_of_all`` compares them too.

    Args:
        first: features as of the first date.
        later: date to features as of that date. The first rows are the customers of ``first`` in
            the same order, which the caller sees to; those who came since may follow.
        fit: fits a model and returns its function from features to segments, from 0. Called once
            for the first date and once for each later one.

    Returns:
        Date to agreement, in the order of ``later``.

    Raises:
        StabilityError: a date has fewer rows than the first, or other features.

    Example:
        >>> import numpy as np
        >>> def halves(matrix):
        ...     border = matrix.values.mean()
        ...     return lambda other: (other.values[:, 0] > border).astype(np.int64)
        >>> first = FeatureMatrix(("recency_days",), np.array([[1.0], [2.0], [8.0], [9.0]]))
        >>> later = FeatureMatrix(("recency_days",), first.values + 14)
        >>> found = agreement_over_time(first, {date(2018, 1, 15): later}, halves)
        >>> found[date(2018, 1, 15)].frozen_with_refit, found[date(2018, 1, 15)].total
        (0.0, 1.0)
    """
    for day, matrix in later.items():
        if matrix.feature_names != first.feature_names:
            raise StabilityError(
                f"expected the features {', '.join(first.feature_names)} at {day}, got "
                f"{', '.join(matrix.feature_names)}; read the same columns at each date"
            )
        if matrix.row_count < first.row_count:
            raise StabilityError(
                f"expected the {first.row_count} customers of the first date among the rows of "
                f"{day}, got {matrix.row_count} rows; nobody leaves between two dates"
            )
    frozen = fit(first)
    then = frozen(first)
    agreements = {}
    for day, matrix in later.items():
        all_now, all_refitted = frozen(matrix), fit(matrix)(matrix)
        now, refitted = all_now[: first.row_count], all_refitted[: first.row_count]
        table, migration = contingency(now, refitted), contingency(then, now)
        agreements[day] = Agreement(
            customer_count=first.row_count,
            frozen_with_refit=adjusted_rand(table),
            frozen_with_refit_of_all=adjusted_rand(contingency(all_now, all_refitted)),
            then_with_now=adjusted_rand(migration),
            total=adjusted_rand(contingency(then, refitted)),
            table=table,
            migration=migration,
        )
    return agreements


def compare_refits(
    read: Callable[[date], FeatureMatrix],
    fit: Callable[[FeatureMatrix], SegmentModel],
    dates: Sequence[date],
    *,
    feature_set: str,
    seed: int,
    progress: Callable[[str], None] = lambda _message: None,
) -> Iterator[dict[str, object]]:
    """What a frozen model and its refits agree on, a row of ``ml.segment_stability`` per date.

    Args:
        read: features as of a date, the people known at the first date first.
        fit: fits a model, of one family and with as many segments each time.
        dates: the first is that of the frozen model.
        feature_set: name of the features.
        seed: of the bands.
        progress: told of each fit.
    """
    families: set[tuple[str, int]] = set()

    def fit_and_predict(matrix: FeatureMatrix) -> Predict:
        fitted = fit(matrix)
        families.add((fitted.family, len(fitted.segment_ids)))
        progress(f"{feature_set} features of {matrix.row_count:,} customers")
        return fitted.predict

    later = {day: read(day) for day in dates[1:]}
    agreements = agreement_over_time(read(dates[0]), later, fit_and_predict)
    ((family, segment_count),) = families
    for day, agreement in agreements.items():
        low, high = bootstrap_band(agreement.table, seed=seed)
        same_low, same_high = bootstrap_band(agreement.migration, seed=seed)
        yield {
            "feature_set": feature_set,
            "family": family,
            "segment_count": segment_count,
            "frozen_date": dates[0],
            "as_of_date": day,
            "customer_count": agreement.customer_count,
            "agreement": agreement.frozen_with_refit,
            "lower_bound": low,
            "upper_bound": high,
            "total_agreement": agreement.total,
            "same_border_agreement": agreement.then_with_now,
            "same_border_lower_bound": same_low,
            "same_border_upper_bound": same_high,
            "reassigned_share": reassigned_share(agreement.table),
        }
