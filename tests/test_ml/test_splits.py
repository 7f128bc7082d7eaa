"""Splits in time and by person: no label window reaches into the test, nobody is on both sides."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ml.splits import NotEnoughHistoryError, OrderHistory, folds_by_person, split_in_time, split_on

MONTHS = [date(2017, month, 1) for month in range(1, 13)] + [
    date(2018, month, 1) for month in range(1, 4)
]
DAYS = st.dates(date(2016, 1, 1), date(2019, 12, 31))


def test_fifteen_months_train_on_july_and_september_2017_and_are_judged_by_march_2018():
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
        NotEnoughHistoryError, match=r"complete label window of 180 days; load later"
    ):
        split_in_time([], label_window_days=180)


def test_without_an_earlier_window_there_is_no_split():
    expected = (
        "is 2018-03-01, and no earlier one's window of 180 days ends by then; load later orders"
    )
    with pytest.raises(NotEnoughHistoryError, match=expected):
        split_in_time([date(2017, 12, 1), date(2018, 3, 1)], label_window_days=180)
    with pytest.raises(NotEnoughHistoryError, match=expected):
        split_in_time([date(2018, 3, 1)], label_window_days=180)


# 90 days from 1 February end before 2 May, so the next snapshot is that of 1 June; 90 days from
# there end before 30 August.
SHORT = OrderHistory(date(2018, 1, 10), date(2018, 6, 10), (date(2018, 2, 1), date(2018, 3, 1)))


def test_a_shop_without_enough_orders_is_told_how_many_days_it_needs_and_how_many_it_has():
    message = SHORT.describe_shortage(90, 0)
    assert "needs orders of 232 days (until 2018-08-29)" in message
    assert "there are orders of 151 days (2018-01-10 to 2018-06-09)" in message
    assert message.endswith("; load later orders")
    assert "build as of" not in message
    assert "label_window_days" not in message


def test_a_later_as_of_date_is_advised_only_where_later_orders_are_loaded():
    message = SHORT.describe_shortage(90, 1_200)
    assert message.endswith(
        "; build as of 2018-08-30 or later, since 1,200 later orders are loaded"
    )


@settings(deadline=None)
@given(st.lists(DAYS, max_size=5, unique=True), DAYS, st.integers(1, 400))
def test_orders_until_the_needed_date_make_a_split_possible(snapshots, first_date, window):
    history = OrderHistory(first_date, first_date, tuple(sorted(snapshots)))
    end = history.find_needed_date(window)
    months = {
        (first_date + timedelta(day)).replace(day=1) for day in range(1, (end - first_date).days)
    }
    complete = [day for day in {*snapshots, *months} if day + timedelta(window) <= end]
    assert split_in_time(complete, label_window_days=window).label_window_days == window


def test_snapshot_dates_of_ones_own_that_allow_no_split_are_said():
    days = (date(2018, 2, 1), date(2018, 5, 10))
    message = OrderHistory(date(2018, 1, 10), date(2019, 6, 10), days).describe_shortage(90, 0)
    assert "snapshot dates" in message
    assert "load later orders" not in message


@pytest.mark.parametrize(("window", "count"), [(0, 2), (-30, 2), (180, 0)])
def test_a_window_or_a_count_below_1_is_refused_rather_than_training_on_the_test(window, count):
    with pytest.raises(
        ValueError, match=f"at least 1 day .* got {window} days and {count} dates"
    ) as e:
        split_in_time(MONTHS, label_window_days=window, training_date_count=count)
    assert not isinstance(e.value, NotEnoughHistoryError)


# --- explicit dates -----------------------------------------------------------------------------

JULY, SEPTEMBER, MARCH = date(2017, 7, 1), date(2017, 9, 1), date(2018, 3, 1)


def test_dates_that_are_asked_for_are_taken_in_order():
    split = split_on([SEPTEMBER, JULY, JULY], MARCH, MONTHS, 180)
    assert split == split_in_time(MONTHS, label_window_days=180)
    assert split.training_dates == (JULY, SEPTEMBER)


@settings(deadline=None)
@given(
    st.lists(DAYS, min_size=1, max_size=6, unique=True),
    st.lists(DAYS, min_size=1, max_size=3),
    DAYS,
    st.integers(1, 400),
    st.booleans(),
)
def test_a_split_is_given_if_it_is_honest_and_refused_if_not(
    complete, training, test_date, window, are_known
):
    complete = [*complete, *training, test_date] if are_known else complete
    split_dates = {*training, test_date}
    is_known = split_dates <= set(complete)
    is_apart = all((test_date - day).days >= window for day in training)
    if is_known and is_apart:
        split = split_on(training, test_date, complete, window)
        assert split.training_dates == tuple(sorted(set(training)))
        assert (split.test_date, split.label_window_days) == (test_date, window)
        return
    with pytest.raises(ValueError) as caught:
        split_on(training, test_date, complete, window)
    is_cut_off = isinstance(caught.value, NotEnoughHistoryError)
    unknown = sorted(split_dates - set(complete))
    assert is_cut_off == bool(unknown and unknown[0] > max(complete))


def test_a_window_that_the_data_cut_off_is_refused_and_the_day_named():
    # From 1 March 180 days run to 27 August: 31 + 30 + 31 + 30 + 31 + 27.
    expected = (
        "window of 2018-03-01 is cut off: 180 days from it need orders up to and including "
        "2018-08-27; choose an earlier date, or load these orders and build as of 2018-08-28"
    )
    with pytest.raises(NotEnoughHistoryError, match=expected):
        split_on([JULY], MARCH, MONTHS[:-1], 180)
    with pytest.raises(NotEnoughHistoryError, match="window of 2017-07-01 is cut off"):
        split_on([JULY], MARCH, [], 180)


def test_a_training_window_that_runs_into_the_test_is_refused():
    october = date(2017, 10, 1)
    expected = (
        "training date 2017-10-01 ends before 2018-03-30, after the test begins on 2018-03-01.*"
        "train on 2017-09-02 or earlier"
    )
    with pytest.raises(ValueError, match=expected) as caught:
        split_on([JULY, october], MARCH, MONTHS, 180)
    assert not isinstance(caught.value, NotEnoughHistoryError)
    assert split_on([date(2017, 9, 2)], MARCH, [date(2017, 9, 2), MARCH], 180).test_date == MARCH
    with pytest.raises(ValueError, match="training date 2018-03-01 ends before"):
        split_on([JULY, MARCH], MARCH, MONTHS, 180)


def test_a_date_without_labels_is_refused():
    with pytest.raises(ValueError, match=r"have labels \(2017-07-01, 2018-03-01\), got 2017-08-15"):
        split_on([date(2017, 8, 15)], MARCH, [MARCH, JULY], 180)


@pytest.mark.parametrize(("training", "window"), [([], 180), ([JULY], 0)])
def test_no_training_date_or_no_window_is_refused(training, window):
    with pytest.raises(
        ValueError, match=f"at least 1 day .* got {window} days and {len(training)} dates"
    ):
        split_on(training, MARCH, MONTHS, window)


# --- folds --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 25), st.booleans()), min_size=4, max_size=80),
    st.integers(2, 5),
    st.integers(0, 1000),
)
def test_nobody_is_on_both_sides_and_every_row_is_validated_once(rows, fold_count, seed):
    people = np.array([person for person, _ in rows])
    labels = np.array([label for _, label in rows])
    returning = set(people[labels])
    assume(fold_count <= min(len(returning), len(set(people) - returning)))
    folds = list(folds_by_person(people, fold_count, seed, labels))
    assert len(folds) == fold_count
    assert sorted(row for _, validated in folds for row in validated) == list(range(len(rows)))
    counts = []
    for fitted, validated in folds:
        assert not set(people[fitted]) & set(people[validated])
        assert sorted([*fitted, *validated]) == list(range(len(rows)))
        counts.append(len(set(people[validated]) & returning))
    # Those who ever return are dealt out evenly.
    assert max(counts) - min(counts) <= 1
    again = list(folds_by_person(people, fold_count, seed, labels))
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(folds, again, strict=True))


def test_another_seed_deals_other_folds():
    people, labels = np.arange(60), np.arange(60) % 3 == 0
    first, other = (next(folds_by_person(people, 3, seed, labels))[1] for seed in (0, 1))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, np.arange(20))


@pytest.mark.parametrize(
    ("people", "labels", "fold_count", "expected"),
    [
        ([1, 1, 2, 3, 4], [1, 1, 0, 0, 0], 2, "got 2 folds and 1 people who return of 4; ask"),
        ([1, 2, 3, 4], [1, 1, 0, 0], 3, "got 3 folds and 2 people who return of 4; ask"),
        ([1, 2, 3, 4], [1, 1, 0, 0], 1, "got 1 folds and 2 people"),
        ([1, 2, 3], [1, 1, 0, 0], 2, r"each of 4 labels, got shape \(3,\); read both"),
    ],
)
def test_folds_that_cannot_be_dealt_are_refused(people, labels, fold_count, expected):
    with pytest.raises(ValueError, match=expected):
        list(folds_by_person(np.array(people), fold_count, 0, np.array(labels, bool)))
