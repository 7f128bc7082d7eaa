"""Which as-of dates a model is trained on, which later one it is judged on, and folds by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold


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
            f"no as-of date has a complete label window of {label_window_days} days; "
            "load later orders"
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
            f"one's window of {label_window_days} days ends by then; load later orders"
        )
    return TimeSplit(tuple(reversed(chosen)), test_date, label_window_days)


@dataclass(frozen=True)
class OrderHistory:
    """From when to when a warehouse has orders.

    Attributes:
        first_date: day of the first order.
        end_date: the day after the last order before the as-of date.
        snapshot_dates: as-of dates before which somebody had ordered, ascending.
    """

    first_date: date
    end_date: date
    snapshot_dates: tuple[date, ...]

    def find_needed_date(self, label_window_days: int) -> date:
        """The day before which orders must be known for a split in time.

        The first snapshot date has one label window, and the first snapshot date after that window
        has another. Snapshots that are yet to come are those of the first of a month.

        Example:
            >>> history = OrderHistory(date(2017, 12, 5), date(2018, 5, 9), (date(2018, 1, 1),))
            >>> str(history.find_needed_date(90))  # 90 days from April 1, the first after March
            '2018-06-30'
        """
        window = timedelta(days=label_window_days)
        months = (
            date(self.first_date.year + month // 12, month % 12 + 1, 1)
            for month in count(self.first_date.month)
        )
        earliest = self.snapshot_dates[0] if self.snapshot_dates else next(months)
        test_date = next(
            (day for day in self.snapshot_dates if day >= earliest + window), None
        ) or next(day for day in months if day >= earliest + window)
        return test_date + window

    def describe_shortage(self, label_window_days: int, later_order_count: int) -> str:
        """Why there is no split in time, and what to do, for who does not know how models are made.

        Args:
            label_window_days: days in which a customer must come back.
            later_order_count: orders from the as-of date to the needed one.

        Example:
            >>> history = OrderHistory(date(2018, 1, 1), date(2018, 5, 1), (date(2018, 2, 1),))
            >>> print(history.describe_shortage(90, 0))  # doctest: +NORMALIZE_WHITESPACE
            a model of who comes back within 90 days needs orders of 241 days (until 2018-08-29),
            and there are orders of 120 days (2018-01-01 to 2018-04-30); load later orders
        """
        needed_date = self.find_needed_date(label_window_days)
        needed, available = (
            (needed_date - self.first_date).days,
            (self.end_date - self.first_date).days,
        )
        if available >= needed:
            return (
                f"no two snapshot dates are {label_window_days} days apart with orders of as many "
                "days after the later one; build with monthly snapshots"
            )
        day = timedelta(days=1)
        remedy = (
            f"build as of {needed_date} or later, since {later_order_count:,} later orders are "
            "loaded"
            if later_order_count
            else "load later orders"
        )
        return (
            f"a model of who comes back within {label_window_days} days needs orders of "
            f"{needed:,} days (until {needed_date - day}), and there are orders of {available:,} "
            f"days ({self.first_date} to {self.end_date - day}); {remedy}"
        )


def split_on(
    training_dates: Sequence[date],
    test_date: date,
    complete_dates: Sequence[date],
    label_window_days: int,
) -> TimeSplit:
    """Check a split that is asked for by its dates.

    Args:
        training_dates: as-of dates to train on, in any order.
        test_date: as-of date to judge on.
        complete_dates: as-of dates whose label windows are complete, in any order.
        label_window_days: days in which a customer must come back, at least 1.

    Raises:
        NotEnoughHistoryError: the label window of a date is cut off by the end of the data.
        ValueError: no training date, a label window below 1 day, a training window that runs into
            the test's, or a date that has no labels though later ones do.

    Example:
        >>> july, september, march = date(2017, 7, 1), date(2017, 9, 1), date(2018, 3, 1)
        >>> split = split_on([september, july], march, [july, september, march], 180)
        >>> str(split.training_dates[0])
        '2017-07-01'
    """
    if label_window_days < 1 or not training_dates:
        raise ValueError(
            "expected a label window of at least 1 day and at least 1 training date, got "
            f"{label_window_days} days and {len(training_dates)} dates; mend the fit's settings"
        )
    window = timedelta(days=label_window_days)
    days = sorted({*training_dates, test_date})
    for day in days:
        if day in complete_dates:
            continue
        if not complete_dates or day > max(complete_dates):
            raise NotEnoughHistoryError(
                f"the label window of {day} is cut off: {label_window_days} days from it need "
                f"orders up to and including {day + window - timedelta(days=1)}; choose an "
                f"earlier date, or load these orders and build as of {day + window} or later"
            )
        raise ValueError(
            f"expected dates that have labels ({', '.join(map(str, sorted(complete_dates)))}), "
            f"got {day}; add it to the snapshot dates, or choose another"
        )
    for day in days:
        if day in training_dates and day + window > test_date:
            raise ValueError(
                f"the label window of the training date {day} ends before {day + window}, after "
                f"the test begins on {test_date}, so the model would see what it is tested on; "
                f"train on {test_date - window} or earlier"
            )
    return TimeSplit(tuple(sorted(set(training_dates))), test_date, label_window_days)


def folds_by_person(
    person_numbers: NDArray[np.int64],
    fold_count: int,
    seed: int,
    is_returning: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Folds for cross-validation in which nobody is on both sides.

    People are dealt out, not rows, and those who ever return evenly: a person with rows at several
    dates has all of them in one fold.

    Args:
        person_numbers: who each row is of, shape (rows,).
        fold_count: at least 2.
        seed: of the shuffle.
        is_returning: shape (rows,).

    Yields:
        Rows to fit on and rows to validate on, ascending.

    Raises:
        ValueError: fewer than 2 folds, shapes that differ, or fewer people who return (or never
            do) than folds.

    Example:
        >>> people = np.array([1, 1, 2, 3, 4, 4])
        >>> labels = np.array([True, False, True, False, False, False])
        >>> [len(set(people[fit]) & set(people[rest]))
        ...  for fit, rest in folds_by_person(people, 2, 0, labels)]
        [0, 0]
    """
    if person_numbers.shape != is_returning.shape:
        raise ValueError(
            f"expected one person for each of {len(is_returning)} labels, got shape "
            f"{person_numbers.shape}; read both with one query"
        )
    people, rows = np.unique(person_numbers, return_inverse=True)
    ever_returns = np.bincount(rows, is_returning, minlength=len(people)) > 0
    smaller = min(int(ever_returns.sum()), int((~ever_returns).sum()))
    if not 2 <= fold_count <= smaller:
        raise ValueError(
            f"expected 2 folds or more and someone of either kind for each, got {fold_count} folds "
            f"and {int(ever_returns.sum())} people who return of {len(people)}; ask for fewer "
            "folds, or train on more dates"
        )
    dealer = StratifiedKFold(fold_count, shuffle=True, random_state=seed)
    for _, validated in dealer.split(people, ever_returns):
        is_validated = np.isin(rows, validated)
        yield np.flatnonzero(~is_validated), np.flatnonzero(is_validated)
