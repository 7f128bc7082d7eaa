"""What follows from a mapped shop's history: its dates, and the label window of its models."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from orchestration.errors import InputError
from orchestration.loading.mapping.history import (
    choose_label_window,
    find_snapshot_dates,
    find_test_date,
    record_settings,
)
from orchestration.loading.mapping.presets import find_preset
from orchestration.loading.mapping.tables import create_tables

MAPPING = find_preset("flat_lines").mapping
START = date(2020, 1, 1)


@pytest.fixture
def shop():
    with duckdb.connect() as connection:
        create_tables(connection, "raw")
        yield connection


def place(shop, orders):
    """Orders of 10.00 each: pairs of a person and a day."""
    shop.executemany(
        "insert into raw.orders (order_id, customer_id, ordered_at, is_valid_order, item_amount) "
        "values (?, ?, ?, true, 10)",
        [[str(number), person, day] for number, (person, day) in enumerate(orders)],
    )


def every(days, until, start=START):
    return [start + timedelta(days=step) for step in range(0, (until - start).days, days)]


def settings_of(shop, mapping=MAPPING):
    record_settings(shop, mapping)
    answer = shop.execute("from raw.shop_settings")
    names = [column[0] for column in answer.description]
    return dict(zip(names, answer.fetchall()[0], strict=True))


def with_protocol(**stated):
    protocol = MAPPING.protocol.model_copy(update=stated)
    return MAPPING.model_copy(update={"protocol": protocol})


def test_the_as_of_date_is_the_day_after_the_last_order_and_the_window_opens_on_the_first(shop):
    place(shop, [("ana", date(2020, 3, 5)), ("bea", date(2021, 2, 28))])
    settings = settings_of(shop)
    assert settings["as_of_date"] == date(2021, 3, 1)
    assert settings["window_start_date"] == date(2020, 3, 5)


def test_an_order_of_another_age_moves_neither_end(shop):
    days = every(1, date(2020, 7, 1))
    place(shop, [("ana", day) for day in days] + [("bea", date(1970, 1, 1))])
    settings = settings_of(shop)
    assert (settings["window_start_date"], settings["as_of_date"]) == (START, date(2020, 7, 1))


def test_a_history_of_decades_opens_its_window_twenty_years_before_its_end(shop):
    place(shop, [("ana", day) for day in every(30, date(2020, 6, 15), date(1990, 1, 1))])
    settings = settings_of(shop)
    assert settings["window_start_date"].year == settings["as_of_date"].year - 20


def test_the_longest_window_in_which_some_return_and_some_do_not_is_chosen(shop):
    """A hundred people over three years, of whom twenty come back every 50 days."""
    end = date(2023, 1, 1)
    regulars = [(f"r{who}", day) for who in range(20) for day in every(50, end)]
    once = [(f"o{who}", START) for who in range(80)]
    place(shop, regulars + once)
    window = choose_label_window(shop, START, end)
    assert window.days == 365
    assert "20.0%" in window.reason


def test_a_short_history_leaves_a_shorter_window(shop):
    """Of ten months, 180 days leave no two training dates before a complete test; 90 do."""
    end = date(2020, 11, 1)
    place(shop, [(f"r{who}", day) for who in range(20) for day in every(50, end)]
          + [(f"o{who}", START) for who in range(80)])  # fmt: skip
    assert choose_label_window(shop, START, end).days == 90


def test_where_nearly_everybody_returns_in_long_windows_a_short_one_tells_them_apart(shop):
    """All come back every 80 days: within 90 all do; within 60 some, by when they last came."""
    end = date(2023, 1, 1)
    place(shop, [
        (f"r{who}", day) for who in range(100)
        for day in every(80, end, START + timedelta(days=who % 80))
    ])  # fmt: skip
    window = choose_label_window(shop, START, end)
    assert window.days == 60


def test_where_nobody_returns_it_is_ninety_days_and_the_reason_says_so(shop):
    place(shop, [(f"o{number}", day) for number, day in enumerate(every(1, date(2022, 1, 1)))])
    window = choose_label_window(shop, START, date(2022, 1, 1))
    assert window.days == 90
    assert "In no window do 5% to 95% of customers return" in window.reason


def test_a_shop_of_forty_days_is_too_young_for_any_window_and_the_reason_says_so(shop):
    place(shop, [("ana", day) for day in every(1, date(2020, 2, 10))])
    settings = settings_of(shop)
    assert settings["churn_label_window_days"] == 90
    assert "too short for two training dates" in settings["churn_label_window_reason"]


def test_what_the_mapping_states_comes_before_what_the_history_says(shop):
    place(shop, [("ana", date(2020, 3, 5)), ("bea", date(2021, 2, 28))])
    settings = settings_of(shop, with_protocol(
        as_of_date=date(2021, 1, 1), window_start_date=date(2020, 4, 1), label_window_days=30,
        contact_cost_amount=2.5, return_value_amount=12.0, max_auc=0.8,
        test_date=date(2020, 11, 1), training_dates=(date(2020, 8, 1), date(2020, 9, 1)),
    ))  # fmt: skip
    assert settings["as_of_date"] == date(2021, 1, 1)
    assert settings["window_start_date"] == date(2020, 4, 1)
    assert settings["churn_label_window_days"] == 30
    assert (settings["contact_cost_amount"], settings["return_value_amount"]) == (
        Decimal("2.50"), Decimal("12.00"),
    )  # fmt: skip
    assert settings["most_plausible_roc_auc"] == 0.8
    # Who states a bound knows better than the rule by the best baseline.
    assert settings["most_plausible_roc_auc_gain"] is None
    assert settings["training_dates"] == "2020-08-01, 2020-09-01"
    assert settings["test_date"] == date(2020, 11, 1)


def test_a_quarter_of_the_median_order_is_what_a_customer_who_comes_back_is_worth(shop):
    place(shop, [("ana", date(2020, 3, 5)), ("bea", date(2021, 2, 28))])
    assert settings_of(shop)["return_value_amount"] == Decimal("2.50")


def test_a_shop_of_guests_only_is_refused(shop):
    place(shop, [(None, date(2020, 3, 5)), (None, date(2020, 3, 6))])
    with pytest.raises(InputError, match="none of the 2 orders names its customer"):
        record_settings(shop, MAPPING)


def test_the_agreements_example_is_judged_on_its_date():
    """UCI Online Retail: 90 days, as of the day after 9 December 2011, test on 1 September."""
    end = date(2011, 12, 10)
    dates = find_snapshot_dates(date(2010, 12, 1), end)
    assert len(dates) == 13
    assert find_test_date(dates, end, 90) == date(2011, 9, 1)
    assert find_test_date(dates, end, 180) is None
