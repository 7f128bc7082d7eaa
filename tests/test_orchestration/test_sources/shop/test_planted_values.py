"""What comes back and what customers are worth in the demo is what its truth expects.

Expected figures follow from the planted parameters by theory that is written out here; the bands
are four to five standard errors wide, and the seed is fixed.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from flat_shops import ORDERS, columns, one

from orchestration.sources.shop.demo import draw_shop, find_scenario
from orchestration.sources.shop.theory import expect_orders, expect_restocked, expect_value

MAX_RESTOCKED = 4  # pieces of a habit in one order


# What comes back


def test_people_return_by_their_propensity_and_the_factor_of_the_product(shop):
    """Of purchases so old that their returns have come, but for one in thousands."""
    chance, is_returned = columns(
        shop,
        """
        with sent_back as (
            select distinct order_id, product_id from returns where order_id is not null
        )

        select return_propensity * return_factor, sent_back.order_id is not null
        from items
        inner join customers using (customer_id)
        inner join products using (product_id)
        cross join shop
        left join sent_back using (order_id, product_id)
        where ordered_at < closed_at - interval 120 days
        """,
    )
    for part in np.array_split(np.argsort(chance, kind="stable"), 5):
        expected = chance[part].sum()
        spread = np.sqrt((chance[part] * (1 - chance[part])).sum())
        assert abs(is_returned[part].sum() - expected) <= 4 * spread
    assert chance[chance > 0].max() < 1


def test_what_is_used_up_is_never_returned(shop):
    assert (
        one(
            shop,
            "select count(*) from returns inner join products using (product_id) "
            "where replenishment_interval_days is not null",
        )
        == 0
    )


def test_some_orders_come_back_whole(shop):
    count = one(
        shop,
        """
        with back as (
            select order_id, sum(returned_amount) as amount from returns
            where match_kind = 'exact' group by order_id
        )

        select count(*) from orders inner join back using (order_id)
        where amount = merchandise_amount
        """,
    )
    assert count > 100


# What customers are worth


def test_baskets_cost_what_is_expected_of_their_buyer(shop):
    """Of people without habits, whose baskets are picks and companions only."""
    amounts, expected = columns(
        shop,
        """
        select sum(cast(merchandise_amount - discount_amount as double)),
            count(*) * any_value(mean_basket_amount)
        from orders inner join customers using (customer_id)
        where customer_id not in (select customer_id from habits)
        group by customer_id
        """,
    )
    for part in np.array_split(np.argsort(expected), 4):
        assert amounts[part].sum() / expected[part].sum() == pytest.approx(1, abs=0.06)
    assert amounts.sum() / expected.sum() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("days", [90, 365])
def test_the_value_that_is_expected_of_everybody_comes_true(days):
    """As of the middle of the file, with what the days after it brought."""
    drawn, orders = draw_shop(7, find_scenario("loyal_shop"), ORDERS)
    middle, count = 350.0, drawn.people.customer_count
    of_customers = orders.person < count
    person, day = orders.person[of_customers], orders.day[of_customers]
    last = np.full(count, -np.inf)
    np.maximum.at(last, person[day < middle], day[day < middle])
    customers = np.flatnonzero(np.isfinite(last))
    people = drawn.people.of(customers)
    expected = expect_value(
        drawn.catalogue, people, is_alive=people.dropped > middle, since=middle - last[customers],
        days=days,
    )  # fmt: skip
    within = (day >= middle) & (day < middle + days)
    cents = (drawn.facts.merchandise_cents - drawn.facts.coupon_cents)[of_customers]
    counts = np.bincount(person, weights=within, minlength=count)[customers]
    value = np.bincount(person, weights=within * cents / 100, minlength=count)[customers]
    for observed, theory in zip((counts, value), expected, strict=True):
        standard_error = np.sqrt(((observed - theory) ** 2).sum())
        assert standard_error < 0.03 * theory.sum()
        assert abs(observed.sum() - theory.sum()) < 4 * standard_error
    best = np.argsort(-expected[1])[: len(customers) // 10]
    assert value[best].sum() / value.sum() > 0.35


def test_restocked_pieces_are_the_mean_of_simulated_ones():
    rng = np.random.default_rng(3)
    rate, dropout, interval, since, days, people = 0.05, 0.004, 21.0, 30.0, 200.0, 40_000
    until = np.minimum(rng.exponential(1 / dropout, people), days)
    counts = rng.poisson(rate * until)
    person = np.repeat(np.arange(people), counts)
    moment = np.sort(rng.random(len(person)) * until[person] + person * 1e4) - person * 1e4
    before = np.concatenate([[0.0], moment[:-1]])
    before[np.diff(person, prepend=-1) != 0] = -since
    phase = rng.random(people)[person]
    used = np.floor(moment / interval + phase) - np.floor(before / interval + phase)
    simulated = np.minimum(used, MAX_RESTOCKED).sum() / people
    expected = expect_restocked(
        np.array([rate]), np.array([dropout]), np.array([interval]), np.array([since]), days
    )
    assert simulated == pytest.approx(expected[0], rel=0.01)
    never = expect_orders(np.array([0.05]), np.array([0.0]), 100)
    assert never == pytest.approx([5.0])


# What the truth says of itself


def test_every_column_of_the_truth_is_described_beside_it(truth):
    text = (truth / "README.md").read_text(encoding="utf-8")
    described = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    tables = {path.stem: path for path in truth.glob("*.parquet")}
    assert set(described) == set(tables)
    scenario = set(vars(find_scenario("loyal_shop")))
    for name, path in tables.items():
        for column in set(pq.read_schema(path).names) - scenario:
            plain = re.sub("_(180|365)_days$", "_90_days", column)
            assert f"`{plain}`" in described[name], f"{name}.{column}"
