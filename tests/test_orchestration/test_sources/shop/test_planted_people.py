"""People of the demo buy at their planted rates until they drop out.

Expected figures follow from the planted parameters by theory that is written out here; the bands
are four to five standard errors wide, and the seed is fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from flat_shops import columns, one, open_shop

from orchestration.sources.shop.baskets import join
from orchestration.sources.shop.demo import draw_shop, find_scenario
from orchestration.sources.shop.moments import to_seconds
from orchestration.sources.shop.people import draw_people_and_orders

DAY = 86_400


def test_most_customers_come_back_and_some_buy_once(shop):
    repeat_share = one(shop, "select avg(cast(order_count > 1 as integer)) from customers")
    assert 0.40 <= repeat_share <= 0.70
    assert one(shop, "select max(order_count) from customers") < 200


def test_guests_have_their_share_of_the_orders(shop):
    share = one(shop, "select avg(cast(customer_id is null as integer)) from orders")
    assert share == pytest.approx(0.12, abs=0.002)


def test_people_buy_at_their_own_rate_until_they_drop_out(shop):
    """Counts are Poisson, given rates and the days until dropping out or until the file ends."""
    rate, days, repeats = columns(
        shop,
        """
        select purchase_rate_per_day,
            (epoch(least(dropped_out_at, closed_at)) - epoch(first_order_at)) / 86400,
            customers.order_count - 1
        from customers cross join shop
        """,
    )
    expected = rate * days
    for tenth in np.array_split(np.argsort(rate), 10):
        error = repeats[tenth].sum() - expected[tenth].sum()
        assert abs(error) < 4.5 * np.sqrt(expected[tenth].sum())
    # Neither more nor less spread than a Poisson count has.
    dispersion = ((repeats - expected) ** 2).sum() / expected.sum()
    assert dispersion == pytest.approx(1, abs=0.1)


def test_rates_are_of_the_stated_gamma(shop):
    rate, dropout = columns(
        shop, "select purchase_rate_per_day, dropout_rate_per_day from customers"
    )
    stated = shop.execute(
        "select mean_rate_per_day, rate_shape, mean_dropout_rate_per_day, dropout_shape from shop"
    ).fetchall()[0]
    for drawn, mean, shape in ((rate, *stated[:2]), (dropout, *stated[2:])):
        assert drawn.mean() == pytest.approx(mean, rel=0.05)
        assert drawn.var() / drawn.mean() ** 2 == pytest.approx(1 / shape, rel=0.12)


def test_nobody_buys_after_dropping_out_and_as_many_drop_out_as_their_rates_say(shop):
    assert (
        one(
            shop,
            "select count(*) from orders inner join customers using (customer_id) "
            "where ordered_at > dropped_out_at",
        )
        == 0
    )
    dropout, days, has_left = columns(
        shop,
        """
        select dropout_rate_per_day,
            (epoch(least(dropped_out_at, closed_at)) - epoch(first_order_at)) / 86400,
            dropped_out_at < closed_at
        from customers cross join shop
        """,
    )
    expected = (dropout * days).sum()  # a martingale: what is left over has mean 0
    assert abs(has_left.sum() - expected) < 4 * np.sqrt(expected)
    assert one(shop, "select count(*) from customers where is_active_at_close") == (~has_left).sum()


def test_expected_orders_after_the_end_are_those_of_the_pareto_nbd_model(shop):
    rate, dropout, is_active, *expected = columns(
        shop,
        "select purchase_rate_per_day, dropout_rate_per_day, is_active_at_close, "
        "expected_order_count_90_days, expected_order_count_365_days from customers",
    )
    for days, orders in zip((90, 365), expected, strict=True):
        theory = np.where(is_active, rate / dropout * (1 - np.exp(-dropout * days)), 0)
        assert orders == pytest.approx(theory, rel=1e-6, abs=1e-12)


def test_the_moments_keep_their_order_and_whole_weeks_stay_whole_weeks():
    days = np.sort(np.random.default_rng(1).random(10_000) * 728)
    assert (np.diff(to_seconds(days)) >= 0).all()
    weeks = to_seconds(np.arange(0.0, 728.0, 7.0))
    assert set(np.diff(weeks)) == {7 * DAY}


def test_more_is_bought_on_a_monday_evening_than_on_a_saturday_night(shop):
    evening, night = (
        one(
            shop,
            "select count(*) from orders "
            f"where isodow(ordered_at) = {day} and hour(ordered_at) = {hour}",
        )
        for day, hour in ((1, 20), (6, 3))
    )
    assert evening > 15 * night > 0


def test_equal_customers_differ_by_chance_only(tmp_path):
    with open_shop(tmp_path, "equal_customers", 20_000) as connection:
        assert (
            one(
                connection,
                "select count(distinct (purchase_rate_per_day, dropout_rate_per_day, mean_pieces, "
                "return_propensity, taste, expected_value_365_days)) from customers",
            )
            == 1
        )
        assert one(connection, "select count(*) from customers where not is_active_at_close") == 0


def test_a_larger_shop_of_the_same_products_begins_with_the_same_people():
    """Each block of people has a seed of its own, so memory and size change nothing else."""
    scenario = find_scenario("loyal_shop")
    shop, _ = draw_shop(7, scenario, 1_000)
    seeds = [np.random.SeedSequence(9) for _ in range(2)]
    small, large = (
        draw_people_and_orders(seed, scenario, shop.catalogue, count)[0]
        for seed, count in zip(seeds, (2_000, 4_000), strict=True)
    )
    common = set(small.rate[: small.customer_count]) & set(large.rate[: large.customer_count])
    assert len(common) == small.customer_count


def test_chunks_are_joined_in_their_order():
    shop, orders = draw_shop(1, find_scenario("loyal_shop"), 40_000)
    assert (np.diff(shop.lines.order) >= 0).all()
    assert len(shop.facts.shipping) == len(orders) == 40_000
    assert len(join([shop.facts, shop.facts]).shipping) == 80_000
