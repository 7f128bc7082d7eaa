"""Splits in time: no training label window reaches beyond the test date."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.splits import NotEnoughHistoryError, split_in_time

MONTHS = [date(2017, month, 1) for month in range(1, 13)] + [
    date(2018, month, 1) for month in range(1, 4)
]
DAYS = st.dates(date(2016, 1, 1), date(2019, 12, 31))


def test_olist_trains_on_july_and_september_2017_and_is_judged_on_march_2018():
    split = split_in_time(MONTHS, label_window_days=180)
    assert split.training_dates == (date(2017, 7, 1), date(2017, 9, 1))
    assert split.test_date == date(2018, 3, 1)
    assert split.label_window_days == 180


def test_a_window_that_ends_on_the_test_date_may_be_trained_on():
    # A label window ends before its last midnight, so its last day is the day before the test.
    test_date = date(2018, 3, 1)
    split = split_in_time([test_date - timedelta(90), test_date], label_window_days=90)
    assert split.training_dates == (test_date - timedelta(90),)
    with pytest.raises(NotEnoughHistoryError):
        split_in_time([test_date - timedelta(89), test_date], label_window_days=90)


def test_dates_exactly_the_gap_apart_are_both_trained_on():
    days = [date(2018, 1, 1) + timedelta(offset) for offset in (0, 59, 60, 200)]
    split = split_in_time(days, label_window_days=100, training_gap_days=60)
    assert split.training_dates == (days[0], days[2])


@settings(deadline=None)
@given(
    st.lists(DAYS, min_size=1, max_size=30),
    st.integers(1, 400),
    st.integers(1, 5),
    st.integers(0, 200),
)
def test_every_split_is_honest_and_as_late_as_it_can_be(days, window, count, gap):
    settings = {
        "label_window_days": window, "training_date_count": count, "training_gap_days": gap,
    }  # fmt: skip
    latest = max(days)
    allowed = sorted({day for day in days if (latest - day).days >= window})
    if not allowed:
        with pytest.raises(NotEnoughHistoryError):
            split_in_time(days, **settings)
        return
    split = split_in_time(days, **settings)
    assert split.test_date == latest
    chosen = split.training_dates
    assert 1 <= len(chosen) <= count
    assert set(chosen) <= set(allowed)
    assert chosen[-1] == allowed[-1]
    assert all((later - earlier).days >= max(gap, 1) for earlier, later in pairwise(chosen))
    if len(chosen) < count:
        assert not [day for day in allowed if day < chosen[0] - timedelta(max(gap, 1) - 1)]


@settings(deadline=None)
@given(st.permutations(MONTHS))
def test_the_order_of_the_dates_does_not_matter(days):
    assert split_in_time(days, label_window_days=180) == split_in_time(
        MONTHS, label_window_days=180
    )


def test_a_date_that_comes_twice_is_trained_on_once():
    days = [date(2017, 1, 1), date(2017, 1, 1), date(2018, 1, 1)]
    split = split_in_time(days, label_window_days=180, training_gap_days=0)
    assert split.training_dates == (date(2017, 1, 1),)


def test_without_a_complete_window_there_is_no_split():
    with pytest.raises(
        NotEnoughHistoryError, match=r"complete label window of 180 days yet; build"
    ):
        split_in_time([], label_window_days=180)


def test_without_an_earlier_window_there_is_no_split():
    expected = "is 2018-03-01, and no earlier one's window of 180 days ends by then; build as of"
    with pytest.raises(NotEnoughHistoryError, match=expected):
        split_in_time([date(2017, 12, 1), date(2018, 3, 1)], label_window_days=180)
    with pytest.raises(NotEnoughHistoryError, match=expected):
        split_in_time([date(2018, 3, 1)], label_window_days=180)


@pytest.mark.parametrize(("window", "count"), [(0, 2), (-30, 2), (180, 0)])
def test_a_window_or_a_count_below_1_is_refused_rather_than_training_on_the_test(window, count):
    with pytest.raises(
        ValueError, match=f"at least 1 day .* got {window} days and {count} dates"
    ) as e:
        split_in_time(MONTHS, label_window_days=window, training_date_count=count)
    assert not isinstance(e.value, NotEnoughHistoryError)
