"""The kinds of shop that can be generated, each with what is planted in it."""

from __future__ import annotations

from dataclasses import dataclass

LAYOUT = "flat_lines"
DEFAULT_SCENARIO = "loyal_shop"


@dataclass(frozen=True)
class Scenario:
    """A kind of shop; by default one whose customers come back for what they like and use up.

    Attributes:
        mean_rate_per_day: purchases per day of a person who has not dropped out, mean over people.
        rate_shape: of the gamma that people's rates are drawn from; none where all have the mean.
        mean_dropout_rate_per_day: of leaving for good, per day, mean over people; 0 for never.
        dropout_shape: of the gamma that these are drawn from; none where all have the mean.
        guest_share: of orders that name nobody, at least, 0 to 1.
        mean_further_picks: products that an order has beside its first one, mean.
        pick_shape: of the negative binomial that they are drawn from; the smaller, the more large
            baskets there are.
        mean_further_pieces: of a product in an order beside the first one, mean over people.
        pieces_shape: of the gamma that people's means are drawn from; none where all have the mean.
        taste_count: groups of people with tastes of their own; 1 where all like the same.
        pair_count: pairs of products of which the first makes people take the second, too.
        mean_habits: products that a person uses up and buys again, mean.
        mean_return_propensity: share of what is returned, for products of the usual kind, mean.
        propensity_shape: first parameter of the beta that people's are drawn from; none where all
            have the mean.
    """

    mean_rate_per_day: float = 1 / 70
    rate_shape: float | None = 1.0
    mean_dropout_rate_per_day: float = 1 / 300
    dropout_shape: float | None = 1.5
    guest_share: float = 0.12
    mean_further_picks: float = 2.4
    pick_shape: float = 1.2
    mean_further_pieces: float = 0.8
    pieces_shape: float | None = 0.6
    taste_count: int = 4
    pair_count: int = 24
    mean_habits: float = 0.9
    mean_return_propensity: float = 0.06
    propensity_shape: float | None = 1.2


SCENARIOS = {
    DEFAULT_SCENARIO: Scenario(),
    # As loyal, but nothing is bought together or again for a reason: popularity is all there is.
    "unrelated_baskets": Scenario(taste_count=1, pair_count=0, mean_habits=0.0),
    # Everybody buys, spends and returns alike and nobody leaves: no order of customers is right.
    "equal_customers": Scenario(
        rate_shape=None, mean_dropout_rate_per_day=0.0, dropout_shape=None, pieces_shape=None,
        mean_habits=0.0, taste_count=1, propensity_shape=None,
    ),
}  # fmt: skip


def find_scenario(name: str) -> Scenario:
    """The kind of shop that has this name.

    Raises:
        ValueError: there is none.

    Example:
        >>> find_scenario("unrelated_baskets").pair_count
        0
    """
    if name not in SCENARIOS:
        raise ValueError(
            f"scenario must be one of {', '.join(SCENARIOS)}, got {name!r}; "
            "choose one of these, or describe yours in SCENARIOS"
        )
    return SCENARIOS[name]
