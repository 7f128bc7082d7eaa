"""What is planted to be bought together and again is found in the demo's baskets.

Expected figures follow from the planted parameters by theory that is written out here; the bands
are four to five standard errors wide, and the seed is fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from flat_shops import columns, one, open_shop

MAX_RESTOCKED = 4  # pieces of a habit in one order
PICKS = 3.4  # products that are picked for an order, mean


# What is bought together


def test_each_planted_pair_is_bought_together_as_often_as_theory_says(shop):
    basket_counts, both, lift, support = columns(
        shop,
        """
        with counts as (select product_id, count(*) as basket_count from items group by product_id),

        pair_counts as (
            select pairs.product_id, count(*) as basket_count
            from pairs
            inner join items as first using (product_id)
            inner join items as second
                on first.order_id = second.order_id and pairs.companion_id = second.product_id
            group by all
        )

        select pair_counts.basket_count,
            pairs.support,
            pair_counts.basket_count / (counts.basket_count / 60000)
                / companions.basket_count / pairs.lift,
            pairs.support * 60000
        from pairs
        inner join pair_counts using (product_id)
        inner join counts using (product_id)
        inner join counts as companions on pairs.companion_id = companions.product_id
        """,
    )
    assert len(basket_counts) == 24
    # Customers' tastes are shared by their orders, which widens the band of a Poisson count.
    assert (np.abs(basket_counts - support) < 4.5 * np.sqrt(support * 1.3)).all()
    assert np.abs(np.log(lift)) == pytest.approx(0, abs=0.35)
    assert np.log(lift).mean() == pytest.approx(0, abs=0.05)
    assert (both > 0).all()


def test_a_planted_pair_is_lifted_far_above_what_tastes_and_sizes_alone_would_do(shop):
    lift, alone, confidence, attach = columns(
        shop, "select lift, lift_without_affinity, confidence, attach_probability from pairs"
    )
    assert (lift > 4 * alone).all()
    assert (alone < 4).all()
    assert ((confidence >= attach) & (confidence < attach + 0.1)).all()


def pair_z(connection, product_count):
    """z of each pair of popular products that are not used up, stratified by basket size."""
    return columns(
        connection,
        f"""
        with sized as (
            select order_id, product_id, count(*) over (partition by order_id) as size from items
        ),

        baskets as (
            select size, count(distinct order_id) as n from sized group by size
        ),

        popular as (
            select product_id, row_number() over (order by count(*) desc, product_id) as place
            from items inner join products using (product_id)
            where replenishment_interval_days is null
            group by product_id order by place limit {product_count}
        ),

        chosen as (select sized.*, place from sized inner join popular using (product_id)),

        marginals as (select size, place, count(*) as k from chosen group by all),

        expected as (
            select first.place as i, second.place as j,
                -- two of size places: the factor corrects for drawing without replacement
                sum((1 - 1 / size) * first.k * second.k / n) as e,
                sum((1 - 1 / size) * first.k * second.k * (n - first.k) * (n - second.k)
                    / (n * n * greatest(n - 1, 1))) as v
            from marginals as first
            inner join marginals as second using (size)
            inner join baskets using (size)
            where first.place < second.place
            group by all
        ),

        joint as (
            select first.place as i, second.place as j, count(*) as n_ij
            from chosen as first inner join chosen as second using (order_id)
            where first.place < second.place group by all
        )

        select (coalesce(n_ij, 0) - e) / sqrt(v), exists(
            select 1 from pairs
            where (pairs.product_id = a.product_id and companion_id = b.product_id)
                or (pairs.product_id = b.product_id and companion_id = a.product_id)
        )
        from expected
        inner join popular as a on i = a.place
        inner join popular as b on j = b.place
        left join joint using (i, j)
        """,
    )


def test_nothing_is_bought_together_where_no_affinity_is_planted(tmp_path):
    with open_shop(tmp_path, "unrelated_baskets", 40_000) as connection:
        z, _ = pair_z(connection, 60)
        assert one(connection, "select count(*) from pairs") == 0
        assert one(connection, "select count(*) from habits") == 0
    assert len(z) == 60 * 59 / 2
    assert z.std() == pytest.approx(1, abs=0.1)
    assert abs(z.mean()) < 0.25
    assert np.abs(z).max() < 5


def test_where_affinities_are_planted_they_stand_out(shop):
    z, is_planted = pair_z(shop, 150)
    assert is_planted.sum() >= 20
    assert z[is_planted].min() > 8
    # Tastes lift whole categories, but each pair by little.
    assert np.quantile(z[~is_planted], 0.99) < 5


def test_people_of_a_taste_buy_what_they_like(shop):
    """Share of each category in the lines of each taste, habits and companions left aside."""
    shares, expected = columns(
        shop,
        """
        with plain as (
            select product_id from products
            where product_kind = 'merchandise' and replenishment_interval_days is null
                and product_id not in (select companion_id from pairs)
        ),

        bought as (
            select taste, category_name, count(*) as line_count
            from items inner join customers using (customer_id)
            inner join plain using (product_id) inner join products using (product_id)
            group by all
        ),

        planted as (
            select taste, category_name, sum(pick_probability) as probability
            from tastes inner join plain using (product_id) inner join products using (product_id)
            group by all
        )

        select line_count / sum(line_count) over (partition by taste),
            probability / sum(probability) over (partition by taste)
        from planted inner join bought using (taste, category_name)
        """,
    )
    assert len(shares) == 4 * 10
    # An order has a product once, however often it is picked, so the most liked ones lose a little.
    assert shares == pytest.approx(expected, abs=0.02)
    assert expected.max() > 4 * np.median(expected)


# What is bought again


def test_what_is_used_up_is_bought_again_in_its_interval(shop):
    """Each further order brings min(gap / interval, 4) pieces, and what is picked anyway."""
    observed, expected = columns(
        shop,
        f"""
        with gaps as (
            select customer_id, order_id, ordered_at, epoch(ordered_at - lag(ordered_at) over (
                partition by customer_id order by ordered_at
            )) / 86400 as gap_days
            from orders where customer_id is not null
        ),

        chances as (
            select customer_id, product_id, replenishment_interval_days as interval_days,
                pick_probability * {PICKS} * mean_pieces as picked
            from habits
            inner join customers using (customer_id)
            inner join tastes using (taste, product_id)
        )

        select coalesce(quantity, 0),
            least(gap_days / interval_days, {MAX_RESTOCKED}) + picked
        from gaps
        inner join chances using (customer_id)
        left join items using (order_id, product_id)
        where gap_days is not null
        """,
    )
    assert len(observed) > 20_000
    assert observed.sum() / expected.sum() == pytest.approx(1, abs=0.02)


def test_frequent_buyers_restock_at_their_interval(shop):
    """Where orders come much more often, the days between purchases are the interval."""
    days, interval = columns(
        shop,
        """
        select
            epoch(max(ordered_at) - min(ordered_at)) / 86400
                / (sum(quantity) - arg_min(quantity, ordered_at)),
            any_value(habits.replenishment_interval_days)
        from habits
        inner join customers using (customer_id)
        inner join items using (customer_id, product_id)
        where purchase_rate_per_day * habits.replenishment_interval_days > 1.2
        group by customer_id, product_id
        having count(*) >= 5
        """,
    )
    assert len(days) > 100
    assert np.median(days / interval) == pytest.approx(1, abs=0.1)
