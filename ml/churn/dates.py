"""The dates that a study trains on and is judged on: as the protocol says, or as asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from ml.churn.protocol import ChurnProtocol
from ml.splits import NotEnoughHistoryError, TimeSplit, split_in_time, split_on


def choose_split(
    protocol: ChurnProtocol,
    complete_dates: Sequence[date],
    *,
    training_dates: Sequence[str] = (),
    test_date: str = "",
    describe_shortage: Callable[[], str],
) -> TimeSplit:
    """Choose the dates of a study.

    Args:
        protocol: as the shop states it.
        complete_dates: as-of dates whose label windows are complete.
        training_dates: asked for, like ``2017-07-01``; together with a test date, or neither.
        test_date: asked for, likewise.
        describe_shortage: why there is no split, for who does not know how models are made.

    Raises:
        NotEnoughHistoryError: there is no honest split yet.
        ValueError: training dates without a test date, or the other way round.

    Example:
        >>> protocol = ChurnProtocol(180, 2, 60, 20, 0.75, 0.5, 2.0, 0.5, 5.0)
        >>> july, march = date(2017, 7, 1), date(2018, 3, 1)
        >>> split = choose_split(protocol, [july, march], describe_shortage=str)
        >>> str(split.test_date)
        '2018-03-01'
    """
    if bool(test_date) != bool(training_dates):
        raise ValueError(
            "expected training_dates and test_date together, or neither, got "
            f"{training_dates} and {test_date!r}; name both"
        )
    training, test = protocol.training_dates, protocol.test_date
    if test_date:
        training = tuple(date.fromisoformat(day) for day in training_dates)
        test = date.fromisoformat(test_date)
    if test is not None and training:
        return split_on(
            training,
            test,
            complete_dates=complete_dates,
            label_window_days=protocol.label_window_days,
        )
    try:
        return split_in_time(
            [day for day in complete_dates if test is None or day <= test],
            label_window_days=protocol.label_window_days,
            training_date_count=protocol.training_date_count,
            training_gap_days=protocol.training_gap_days,
        )
    except NotEnoughHistoryError as error:
        raise NotEnoughHistoryError(describe_shortage()) from error
