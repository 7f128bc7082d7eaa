"""Which as-of dates a model is trained on and which later one it is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


class NotEnoughHistoryError(ValueError):
    """No honest split exists yet: windows would be cut off, or overlap the test."""


@dataclass(frozen=True)
class TimeSplit:
    """A split in time.

    Attributes:
        training_dates: as-of dates whose label windows end by the test date.
        test_date: the latest as-of date whose label window is complete.
        label_window_days: length of each label window.
    """

    training_dates: tuple[date, ...]
    test_date: date
    label_window_days: int


def split_in_time(
    complete_dates: Sequence[date],
    *,
    label_window_days: int,
    training_date_count: int = 2,
    training_gap_days: int = 60,
) -> TimeSplit:
    """Choose the latest complete date for the test, and earlier dates for training.

    A training date's label window must end by the test date, so that nothing of the test period
    is in a training label. Training dates are taken from the latest backwards, at least
    ``training_gap_days`` apart.

    Args:
        complete_dates: as-of dates whose label windows are complete, in any order.
        label_window_days: days in which a customer must come back, at least 1.
        training_date_count: how many training dates to take at most, at least 1.
        training_gap_days: least distance between two of them.

    Raises:
        NotEnoughHistoryError: there is no such pair of dates.
        ValueError: a label window or a count of dates below 1.

    Example:
        >>> months = [date(2017, month, 1) for month in range(1, 13)] + [date(2018, 3, 1)]
        >>> split = split_in_time(months, label_window_days=180)
        >>> [str(day) for day in (*split.training_dates, split.test_date)]
        ['2017-07-01', '2017-09-01', '2018-03-01']
    """
    if label_window_days < 1 or training_date_count < 1:
        raise ValueError(
            "expected a label window of at least 1 day and at least 1 training date, got "
            f"{label_window_days} days and {training_date_count} dates; mend the fit's settings"
        )
    window = timedelta(days=label_window_days)
    if not complete_dates:
        raise NotEnoughHistoryError(
            f"no as-of date has a complete label window of {label_window_days} days yet; "
            "build as of a later date, or shorten label_window_days in dbt_project.yml"
        )
    test_date = max(complete_dates)
    chosen: list[date] = []
    for day in sorted(set(complete_dates), reverse=True):
        far_enough = not chosen or (chosen[-1] - day).days >= training_gap_days
        if day + window <= test_date and far_enough and len(chosen) < training_date_count:
            chosen.append(day)
    if not chosen:
        raise NotEnoughHistoryError(
            f"the latest as-of date with a complete label window is {test_date}, and no earlier "
            f"one's window of {label_window_days} days ends by then; build as of a later date"
        )
    return TimeSplit(tuple(reversed(chosen)), test_date, label_window_days)
