"""What the shop sells: products, who likes which, what is taken together, used up, sent back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import nbinom

from orchestration.sources.shop.moments import BoolArray, FloatArray, IntArray
from orchestration.sources.shop.scenarios import Scenario

# So many products times the root of the number of orders, within bounds.
PRODUCTS_PER_ROOT, MIN_PRODUCTS, MAX_PRODUCTS = 4, 150, 3_000
MAX_POPULARITY = 30.0  # of a product, where most have about 1
MAX_PICKS = 30
LIKED_FACTOR = 5.0  # by how much more a taste takes of a category that it likes
ATTACH_SHARES = (0.25, 0.60)
# Products so popular that a pair of them is seen often enough to be found.
MAX_PAIRED_SHARE, MAX_PAIRED = 0.35, 80


@dataclass(frozen=True)
class Category:
    """A category of products.

    Attributes:
        code: with which product ids begin.
        name: as the file has it.
        nouns: of which product names are made.
        weight: of all picks.
        median_price: in euros.
        return_factor: times a person's propensity: the share of these products that they return.
        interval_days: in which a piece is used up, lowest and highest; none if it is not.
    """

    code: str
    name: str
    nouns: tuple[str, ...]
    weight: float
    median_price: float
    return_factor: float = 0.8
    interval_days: tuple[float, float] | None = None


CATEGORIES = (
    Category("COF", "Coffee", ("Espresso Beans", "Filter Coffee"), 0.5, 13, 0.0, (18, 40)),
    Category("KIT", "Kitchen", ("Saucepan", "Chopping Board", "Whisk"), 1.3, 24),
    Category("CLO", "Clothing", ("Jumper", "Shirt", "Scarf"), 1.5, 45, 1.6),
    Category("STA", "Stationery", ("Notebook", "Fountain Pen", "Card Set"), 1.2, 9, 0.4),
    Category("PET", "Pets", ("Dry Food", "Cat Litter"), 0.5, 19, 0.0, (25, 55)),
    Category("TAB", "Tableware", ("Mug", "Bowl, stoneware", "Plate"), 1.4, 15),
    Category("LAM", "Lamps", ("Table Lamp", "Reading Lamp"), 0.6, 59, 1.0),
    Category("TOY", "Toys", ("Wooden Train", "Puzzle", "Building Blocks"), 1.1, 22),
    Category("COS", "Cosmetics", ("Face Cream", "Shampoo Bar"), 0.5, 16, 0.0, (40, 80)),
    Category("SHO", "Shoes", ("Slippers", "Canvas Shoes"), 0.8, 55, 1.6),
    Category("BOO", "Books", ("Cookbook", "Picture Book"), 1.0, 18, 0.3),
    Category("TEX", "Textiles", ("Tea Towel", "Cushion", "Blanket"), 1.2, 26, 1.2),
    Category("CLE", "Household", ("Washing Powder", 'Sponge "Soft"'), 0.4, 11, 0.0, (28, 60)),
    Category("GAR", "Garden", ("Watering Can", "Planter"), 0.8, 21),
)
STYLES = ("classic", "blue", "natural", "large", "small", "Nordic", "striped", "grey", "organic",
          "vintage", "red", "light")  # fmt: skip
# Lines that are no merchandise: product id, name and price in cents. Shipping comes first.
SERVICES = (
    ("SHIP-STANDARD", "Shipping, standard", 490),
    ("SHIP-EXPRESS", "Shipping, express", 990),
    ("GIFT-WRAP", "Gift wrapping", 250),
)


@dataclass(frozen=True)
class Catalogue:
    """All products by their number, and behind them the services.

    Attributes:
        product_id: text of each, services included.
        product_name: text of each, services included.
        category: number of each product's category.
        price_cents: of a piece of each, services included.
        interval_days: in which a piece is used up; not a number where it is not.
        return_factor: times a person's propensity.
        pick_probability: taste by product: of each pick of an order; each row sums to 1.
        companion: of each product the one that it makes people take, too; -1 for none.
        attach_probability: with which they do.
        pick_counts: probability of 1, 2, 3 ... picks in an order.
        pick_edges: running sums of ``pick_probability``, that of taste g from g to g + 1.
    """

    product_id: pa.Array
    product_name: pa.Array
    category: IntArray
    price_cents: IntArray
    interval_days: FloatArray
    return_factor: FloatArray
    pick_probability: FloatArray
    companion: IntArray
    attach_probability: FloatArray
    pick_counts: FloatArray
    pick_edges: FloatArray

    @property
    def product_count(self) -> int:
        """Of merchandise."""
        return len(self.category)

    @property
    def is_used_up(self) -> BoolArray:
        """Whether people use a product up and buy it again."""
        return ~np.isnan(self.interval_days)

    def pick(self, rng: np.random.Generator, taste: IntArray) -> IntArray:
        """A product for each taste, drawn with the probabilities that it has."""
        drawn = np.searchsorted(self.pick_edges, taste + rng.random(len(taste)), side="right")
        # A number next to the edge could round up to another taste.
        first = taste * self.product_count
        return np.clip(drawn, first, first + self.product_count - 1) - first


def make_catalogue(rng: np.random.Generator, scenario: Scenario, order_count: int) -> Catalogue:
    """Draw the products of a shop.

    Args:
        rng: of the catalogue alone.
        scenario: what kind of shop.
        order_count: a larger shop has more products.
    """
    count = int(np.clip(PRODUCTS_PER_ROOT * order_count**0.5, MIN_PRODUCTS, MAX_PRODUCTS))
    shares = np.array([definition.weight for definition in CATEGORIES])
    # Every category has products, whatever the dice say.
    category = np.sort(np.concatenate([
        np.arange(len(CATEGORIES)),
        rng.choice(len(CATEGORIES), size=count - len(CATEGORIES), p=shares / shares.sum()),
    ]))  # fmt: skip
    median = np.array([definition.median_price for definition in CATEGORIES])[category]
    euros = np.clip(np.round(median * np.exp(rng.normal(0, 0.4, count))), 2, 400)
    low, high = np.array(
        [definition.interval_days or (np.nan, np.nan) for definition in CATEGORIES]
    )[category].T
    interval = np.round(low + (high - low) * rng.random(count))
    if scenario.mean_habits == 0:
        interval[:] = np.nan
    popularity = np.clip(rng.pareto(1.3, count) + 0.4, None, MAX_POPULARITY)
    probability = _pick_probability(scenario, category, popularity, shares)
    companion, attach = _draw_pairs(rng, scenario, probability.mean(axis=0), interval)
    tastes = np.arange(len(probability))[:, None]
    product_id, product_name = _texts(rng, category)
    return Catalogue(
        product_id=product_id,
        product_name=product_name,
        category=category,
        price_cents=np.concatenate(
            [euros.astype(np.int64) * 100 - 5, [price for _, _, price in SERVICES]]
        ),
        interval_days=interval,
        return_factor=np.array([definition.return_factor for definition in CATEGORIES])[category],
        pick_probability=probability,
        companion=companion,
        attach_probability=attach,
        pick_counts=_pick_counts(scenario),
        pick_edges=(np.cumsum(probability, axis=1) + tastes).ravel(),
    )


def _pick_probability(
    scenario: Scenario, category: IntArray, popularity: FloatArray, shares: FloatArray
) -> FloatArray:
    """Taste by product: popular products of liked categories are picked most."""
    within = popularity / np.bincount(category, weights=popularity)[category]
    likes = np.ones((scenario.taste_count, len(CATEGORIES)))
    if scenario.taste_count > 1:
        number = np.arange(len(CATEGORIES))
        for taste in range(scenario.taste_count):
            likes[taste, number % scenario.taste_count == taste] = LIKED_FACTOR
    weight = (likes * shares)[:, category] * within
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _draw_pairs(
    rng: np.random.Generator, scenario: Scenario, probability: FloatArray, interval: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Each product is in one pair at most, and none that is used up: so lifts can be computed."""
    companion = np.full(len(probability), -1)
    attach = np.zeros(len(probability))
    durable = np.flatnonzero(np.isnan(interval))
    popular = durable[np.argsort(-probability[durable], kind="stable")]
    popular = popular[: min(int(len(popular) * MAX_PAIRED_SHARE), MAX_PAIRED)]
    pairs = min(scenario.pair_count, len(popular) // 2)
    drawn = rng.permutation(popular)[: 2 * pairs]
    companion[drawn[:pairs]] = drawn[pairs:]
    attach[drawn[:pairs]] = np.round(rng.uniform(*ATTACH_SHARES, pairs), 3)
    return companion, attach


def _pick_counts(scenario: Scenario) -> FloatArray:
    share = scenario.pick_shape / (scenario.pick_shape + scenario.mean_further_picks)
    counts = nbinom.pmf(np.arange(MAX_PICKS), scenario.pick_shape, share)
    return np.asarray(counts / counts.sum())


def _texts(rng: np.random.Generator, category: IntArray) -> tuple[pa.Array, pa.Array]:
    """Ids and names; a name is made of a style, a noun and a number, so that each is its own."""
    categories = [CATEGORIES[number] for number in category]
    nouns = [definition.nouns[rng.integers(len(definition.nouns))] for definition in categories]
    styles = rng.integers(0, len(STYLES), len(category))
    ids = [f"{definition.code}-{place:04d}" for place, definition in enumerate(categories, 1)]
    names = [
        f"{noun}, {STYLES[style]}, no. {place}"
        for place, (noun, style) in enumerate(zip(nouns, styles, strict=True), 1)
    ]
    service_ids, service_names, _ = zip(*SERVICES, strict=True)
    return pa.array([*ids, *service_ids]), pa.array([*names, *service_names])
