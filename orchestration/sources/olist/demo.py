"""The demo shop: nine files like Olist's, from a seed, with the truth behind them written beside.

Every figure below that shapes the shop (shares, months, delays) was measured on the published
Olist files; names, texts and places are our own. People are simulated as in the BG/NBD story
(Fader, Hardie and Lee 2005): while alive a person buys at random at their own rate, and after each
purchase drops out with their own probability. People are drawn in blocks of a fixed size, so
memory does not grow with the number of orders and a seed gives the same bytes everywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Progress = Callable[[int, int], None]

BLOCK_PEOPLE = 100_000
SECONDS_PER_DAY = 86_400
MAX_ORDERS_PER_PERSON = 20
CATALOGUE_LIMIT = 1_000_000
SELLER_LIMIT = 50_000
PREFIX_LIMIT = 19_000
POINT_LIMIT = 1_000_000
SHOP_OPENS = np.datetime64("2016-09-04", "D")
SHOP_CLOSES = np.datetime64("2018-10-18", "D")
DATA_IS_COMPLETE_BEFORE = np.datetime64("2018-08-30", "s").astype(np.int64)

# Orders per month, September 2016 to October 2018.
MONTHLY_ORDERS = (
    4, 324, 0, 1, 800, 1780, 2682, 2404, 3700, 3245, 4026, 4331, 4285, 4631, 7544, 5673,
    7269, 6728, 7211, 6939, 6873, 6167, 6292, 6512, 16, 4,
)  # fmt: skip
WEEKDAY_FACTORS = (1.14, 1.12, 1.09, 1.04, 0.99, 0.77, 0.84)  # Monday first
BLACK_FRIDAY = np.datetime64("2017-11-24", "D")
BLACK_FRIDAY_FACTOR = 5.0
HOURLY_ORDERS = (
    2394, 1170, 510, 272, 206, 188, 502, 1231, 2967, 4785, 6177, 6578,
    5995, 6518, 6569, 6454, 6675, 6150, 5769, 5982, 6193, 6217, 5816, 4123,
)  # fmt: skip

ITEM_COUNTS = (1, 2, 3, 4, 5, 6, 7, 10)
ITEM_COUNT_SHARES = (0.9007, 0.0762, 0.0134, 0.0051, 0.0021, 0.0020, 0.0003, 0.0002)
SAME_PRODUCT_AGAIN_SHARE = 0.67  # of further items; 3,236 of 9,803 larger baskets are mixed

STATUSES = ("delivered", "shipped", "canceled", "unavailable", "invoiced", "processing",
            "created", "approved")  # fmt: skip
STATUS_SHARES = (0.97021, 0.01113, 0.00628, 0.00612, 0.00316, 0.00303, 0.00005, 0.00002)
NO_ITEM_SHARES = {"unavailable": 0.99, "canceled": 0.26, "created": 1.0, "invoiced": 0.006,
                  "shipped": 0.001}  # fmt: skip

PAYMENT_TYPES = ("credit_card", "boleto", "voucher", "debit_card")
PAYMENT_SHARES = (0.766, 0.199, 0.020, 0.015)
SPLIT_PAYMENT_SHARE = 0.0298
SPLIT_BASKET_SHARE = 0.0085  # another order within a day: one basket, split by seller or payment

REVIEWED_SHARE = 0.9923
SCORE_SHARES_ON_TIME = (0.066, 0.026, 0.079, 0.204, 0.625)
SCORE_SHARES_LATE = (0.54, 0.08, 0.12, 0.12, 0.14)
COMMENT_SHARES = (0.765, 0.68, 0.435, 0.312, 0.358)

# State: share of customers, of sellers, first and last zip prefix, latitude, longitude, cities.
STATES: dict[str, tuple[float, float, int, int, float, float, tuple[str, ...]]] = {
    "SP": (0.4198, 0.597, 1000, 19999, -23.55, -46.63, ("sao paulo", "campinas", "santos")),
    "RJ": (0.1292, 0.055, 20000, 28999, -22.91, -43.20, ("rio de janeiro", "niteroi")),
    "MG": (0.1170, 0.079, 30000, 39999, -19.92, -43.94, ("belo horizonte", "uberlandia")),
    "RS": (0.0550, 0.042, 90000, 99999, -30.03, -51.22, ("porto alegre", "caxias do sul")),
    "PR": (0.0507, 0.113, 80000, 87999, -25.43, -49.27, ("curitiba", "londrina", "maringa")),
    "SC": (0.0366, 0.061, 88000, 89999, -27.60, -48.55, ("florianopolis", "joinville")),
    "BA": (0.0340, 0.006, 40000, 48999, -12.97, -38.50, ("salvador", "feira de santana")),
    "DF": (0.0215, 0.010, 70000, 72799, -15.79, -47.88, ("brasilia",)),
    "ES": (0.0204, 0.007, 29000, 29999, -20.32, -40.34, ("vitoria", "vila velha")),
    "GO": (0.0203, 0.013, 74000, 76799, -16.69, -49.26, ("goiania", "anapolis")),
    "PE": (0.0166, 0.003, 50000, 56999, -8.05, -34.88, ("recife", "olinda")),
    "CE": (0.0134, 0.004, 60000, 63999, -3.72, -38.54, ("fortaleza",)),
    "PA": (0.0098, 0.001, 66000, 68899, -1.46, -48.50, ("belem",)),
    "MT": (0.0091, 0.001, 78000, 78899, -15.60, -56.10, ("cuiaba",)),
    "MA": (0.0075, 0.001, 65000, 65999, -2.53, -44.30, ("sao luis",)),
    "MS": (0.0072, 0.002, 79000, 79999, -20.44, -54.65, ("campo grande",)),
    "PB": (0.0054, 0.002, 58000, 58999, -7.12, -34.86, ("joao pessoa",)),
    "PI": (0.0050, 0.000, 64000, 64999, -5.09, -42.80, ("teresina",)),
    "RN": (0.0049, 0.002, 59000, 59999, -5.79, -35.21, ("natal",)),
    "AL": (0.0042, 0.000, 57000, 57999, -9.67, -35.74, ("maceio",)),
    "SE": (0.0035, 0.001, 49000, 49999, -10.91, -37.07, ("aracaju",)),
    "TO": (0.0028, 0.000, 77000, 77999, -10.18, -48.33, ("palmas",)),
    "RO": (0.0025, 0.000, 76800, 76999, -8.76, -63.90, ("porto velho",)),
    "AM": (0.0015, 0.000, 69000, 69299, -3.12, -60.02, ("manaus",)),
    "AC": (0.0008, 0.000, 69900, 69999, -9.97, -67.81, ("rio branco",)),
    "AP": (0.0007, 0.000, 68900, 68999, 0.03, -51.07, ("macapa",)),
    "RR": (0.0005, 0.000, 69300, 69399, 2.82, -60.67, ("boa vista",)),
}
OVERSEAS = (38.72, -9.14)  # 42 published points lie outside Brazil

# Category: English name ("" where there is no translation), weight, median price.
CATEGORIES: dict[str, tuple[str, float, float]] = {
    "cama_e_banho": ("bed_and_bath", 9.2, 80),
    "esportes": ("sports", 8.7, 80),
    "moveis": ("furniture", 8.1, 75),
    "beleza": ("beauty", 7.4, 80),
    "casa": ("homeware", 7.1, 60),
    "carros": ("car_parts", 5.8, 90),
    "computadores": ("computers", 5.0, 90),
    "brinquedos": ("toys", 4.3, 80),
    "relogios": ("watches", 4.0, 130),
    "telefones": ("phones", 3.4, 35),
    "bebes": ("babies", 2.8, 95),
    "perfumes": ("perfumes", 2.6, 95),
    "papelaria": ("stationery", 2.6, 60),
    "moda": ("fashion", 2.6, 55),
    "animais": ("pets", 2.2, 70),
    "ferramentas": ("tools", 2.0, 70),
    "jardim": ("garden", 2.3, 60),
    "eletronicos": ("electronics", 1.6, 30),
    "livros": ("books", 1.2, 50),
    "musica": ("music", 0.9, 120),
    "alimentos": ("food", 0.8, 40),
    "arte": ("art", 0.6, 60),
    "malas": ("luggage", 1.1, 95),
    "eletrodomesticos": ("appliances", 1.5, 150),
    "pc_gamer": ("", 0.05, 130),
    "portateis_cozinha_e_preparadores_de_alimentos": ("", 0.05, 180),
}
NO_CATEGORY_SHARE = 0.0185

COMMENT_TITLES = ("recomendo", "muito bom", "atrasou", "ok", "nota dez", "defeito")
COMMENTS = (
    "Chegou antes do prazo, gostei.",
    "Produto como descrito, embalagem boa.",
    'O vendedor disse "amanha" e nunca chegou.',
    "Gostei muito, compro de novo\nassim que puder.",
    "Veio com defeito, pedi a troca\r\ne ainda espero.",
    "Entrega rapida, produto bom, preco justo.",
    "Faltou uma peca; o resto esta bom.",
    "Nao recebi, quero meu dinheiro de volta!",
)


@dataclass(frozen=True)
class CustomerType:
    """A planted kind of customer; by default one that buys once and is like most in Olist.

    Attributes:
        name: written to the truth file.
        share: of all people, 0 to 1.
        mean_purchase_rate_per_day: purchases per day while alive, mean over the type.
        dropout_probability: of leaving for good after a purchase, 0 to 1.
        log_price_shift: added to the natural logarithm of what they pick.
        mean_instalments: for card payments.
        least_instalments: for card payments.
        rates_vary: whether each person has a purchase rate of their own, or all the mean.
        least_order_count: nobody leaves for good before so many orders, split baskets not counted.
        first_order_from: first day (inclusive) of the period in which they find the shop.
        first_order_before: its last day (exclusive).
        item_count_shares: weight of each of ``ITEM_COUNTS`` in an order.
        same_product_again_share: of further items in an order, 0 to 1.
        payment_shares: weight of each of ``PAYMENT_TYPES`` as an order's first payment.
        transit_factor: by how much longer parcels travel; what is promised stays the same, so
            they come late and are rated accordingly.
        states: where they live, everywhere if empty.
    """

    name: str
    share: float
    mean_purchase_rate_per_day: float = 0.0
    dropout_probability: float = 1.0
    log_price_shift: float = 0.0
    mean_instalments: float = 3.4
    least_instalments: int = 0
    rates_vary: bool = True
    least_order_count: int = 1
    first_order_from: np.datetime64 = SHOP_OPENS
    first_order_before: np.datetime64 = SHOP_CLOSES
    item_count_shares: tuple[float, ...] = ITEM_COUNT_SHARES
    same_product_again_share: float = SAME_PRODUCT_AGAIN_SHARE
    payment_shares: tuple[float, ...] = PAYMENT_SHARES
    transit_factor: float = 1.0
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A kind of shop.

    Attributes:
        types: who buys there; their shares sum to 1.
        split_basket_share: of orders that another one follows within a day, 0 to 1.
        split_payment_share: of orders that are paid in several rows, 0 to 1.
        score_shares_on_time: weight of each of 1 to 5 stars where the parcel came in time.
        score_shares_late: the same where it did not.
    """

    types: tuple[CustomerType, ...]
    split_basket_share: float = SPLIT_BASKET_SHARE
    split_payment_share: float = SPLIT_PAYMENT_SHARE
    score_shares_on_time: tuple[float, ...] = SCORE_SHARES_ON_TIME
    score_shares_late: tuple[float, ...] = SCORE_SHARES_LATE


RATE_SHAPE = 1.0  # of the gamma that rates are drawn from within a type
LAYOUT = "marketplace_tables"
DEFAULT_SCENARIO = "one_time_buyers"
NORTH = ("AC", "AM", "AP", "MA", "PA", "RO", "RR")
BIG_BASKETS = (0.0, 0.0, 0.05, 0.15, 0.25, 0.25, 0.20, 0.10)  # of ITEM_COUNTS
SEVERAL_PIECES = (0.35, 0.35, 0.20, 0.10, 0.0, 0.0, 0.0, 0.0)
BY_CARD = (0.97, 0.01, 0.01, 0.01)  # of PAYMENT_TYPES
BY_VOUCHER = (0.01, 0.02, 0.95, 0.02)


def _from_until(first: str, before: str) -> dict[str, Any]:
    return {
        "first_order_from": np.datetime64(first, "D"),
        "first_order_before": np.datetime64(before, "D"),
    }


# Orders end well before the data does, so that nearly every parcel has come and is rated.
_WHILE_COMPLETE = _from_until("2017-01-01", "2018-06-01")
# One rate for the whole type, at any time and for ever: when they come back is pure chance.
_MEMORYLESS: dict[str, Any] = {"dropout_probability": 0.0, "rates_vary": False}
_SELDOM_AGAIN: dict[str, Any] = {"mean_purchase_rate_per_day": 1 / 6_000, **_MEMORYLESS}
# One piece, one card payment, no instalments: nothing that could make groups.
_PLAIN: dict[str, Any] = {
    "mean_instalments": 1.0,
    "item_count_shares": (1.0, *[0.0] * (len(ITEM_COUNTS) - 1)),
    "payment_shares": (1.0, *[0.0] * (len(PAYMENT_TYPES) - 1)),
}
FIVE_STARS = (0.0, 0.0, 0.0, 0.0, 1.0)
SCENARIOS = {
    # Like the published files: nearly everybody buys once.
    DEFAULT_SCENARIO: Scenario(
        (
            CustomerType("one_timer", 0.745, 0.0, 1.0, 0.0, 3.4),
            CustomerType("occasional", 0.25, 1 / 400, 0.77, 0.1, 3.8),
            CustomerType("regular", 0.005, 1 / 45, 0.4, -0.1, 2.6),
        )
    ),
    # Five types far apart in many ways, though not in when they buy. Frequent buyers order again
    # within days, for some weeks: regulars over months would be returns that are easy to foresee.
    "separable_types": Scenario(
        (
            CustomerType(
                "bargain_hunter", 0.25, log_price_shift=-1.3, mean_instalments=1.0,
                payment_shares=BY_VOUCHER, **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "big_spender", 0.15, log_price_shift=2.0, mean_instalments=3.0,
                least_instalments=8, payment_shares=BY_CARD, **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "far_away", 0.25, mean_instalments=2.0, transit_factor=3.5, states=NORTH,
                **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "big_basket", 0.15, log_price_shift=-0.7, mean_instalments=2.0,
                item_count_shares=BIG_BASKETS, same_product_again_share=0.05,
                **_SELDOM_AGAIN, **_WHILE_COMPLETE,
            ),
            CustomerType(
                "frequent_buyer", 0.20, mean_purchase_rate_per_day=1 / 2, dropout_probability=0.4,
                rates_vary=False, least_order_count=5, **_WHILE_COMPLETE,
            ),
        )
    ),
    # Three types that are alike in everything but when they find the shop. Nobody comes back, and
    # nothing else makes groups: what they pay and how long it takes are clouds without a gap.
    "recency_only": Scenario(
        (
            CustomerType("early", 0.35, **_PLAIN, **_from_until("2017-01-15", "2017-03-15")),
            CustomerType("middle", 0.35, **_PLAIN, **_from_until("2017-08-15", "2017-10-15")),
            CustomerType("late", 0.30, **_PLAIN, **_from_until("2018-04-01", "2018-06-01")),
        ),
        split_basket_share=0.0,
        split_payment_share=0.0,
        score_shares_on_time=FIVE_STARS,
        score_shares_late=FIVE_STARS,
    ),
    # Who comes back is told by the first order, how soon is chance. Somebody who knew the types
    # would find 25, 4 and 4 % returning in 180 days, an area under the curve of 0.74.
    "learnable_returns": Scenario(
        (
            CustomerType(
                "fan", 0.30, mean_purchase_rate_per_day=1 / 626, log_price_shift=-0.7,
                mean_instalments=1.2, item_count_shares=SEVERAL_PIECES, **_MEMORYLESS,
            ),
            CustomerType(
                "passer_by", 0.40, mean_purchase_rate_per_day=1 / 4_400, log_price_shift=0.8,
                mean_instalments=6.0, **_MEMORYLESS,
            ),
            CustomerType(
                "disappointed", 0.30, mean_purchase_rate_per_day=1 / 4_400, transit_factor=3.0,
                states=NORTH, **_MEMORYLESS,
            ),
        )
    ),
    # One rate for everybody and at any time, some 10 % in 180 days: nothing tells who returns.
    "chance_returns": Scenario(
        (CustomerType("anybody", 1.0, mean_purchase_rate_per_day=1 / 1_700, **_MEMORYLESS),),
        split_basket_share=0.0,
    ),
}  # fmt: skip


def find_scenario(name: str) -> Scenario:
    """The kind of shop that has this name.

    Raises:
        ValueError: there is none.

    Example:
        >>> [kind.name for kind in find_scenario("recency_only").types]
        ['early', 'middle', 'late']
    """
    if name not in SCENARIOS:
        raise ValueError(
            f"scenario must be one of {', '.join(SCENARIOS)}, got {name!r}; "
            "choose one of these, or describe yours in SCENARIOS"
        )
    return SCENARIOS[name]


@dataclass(frozen=True)
class _Kinds:
    """The types of a shop, and which of them each person (or each order's buyer) is."""

    types: tuple[CustomerType, ...]
    number: IntArray

    def of(self, rows: IntArray | slice) -> _Kinds:
        """Those of some rows only."""
        return _Kinds(self.types, self.number[rows])

    def each(self, attribute: str) -> NDArray[Any]:
        """What the type of each row has there."""
        return np.array([getattr(kind, attribute) for kind in self.types])[self.number]

    def pick(self, rng: np.random.Generator, shares: Callable[[CustomerType], Any]) -> IntArray:
        """An index for each row, drawn with the weights that its type has."""
        drawn = rng.random(len(self.number))
        picked = np.zeros(len(drawn), dtype=np.int64)
        for number, kind in enumerate(self.types):
            rows = self.number == number
            picked[rows] = _locate(shares(kind), drawn[rows])
        return picked


@dataclass(frozen=True)
class _Places:
    """Zip prefixes: code, state, city and centre of each, and how likely a customer lives there."""

    prefix: IntArray
    state: IntArray
    city: IntArray
    latitude: FloatArray
    longitude: FloatArray
    customer_weight: FloatArray
    seller_weight: FloatArray


@dataclass(frozen=True)
class _Catalogue:
    """Products and sellers."""

    product_id: pa.Array
    seller_id: pa.Array
    product_seller: IntArray
    product_price: FloatArray
    product_weight_g: IntArray
    popularity: FloatArray
    seller_place: IntArray


def generate_demo_shop(
    folder: Path,
    *,
    order_count: int = 20_000,
    seed: int = 20_180_830,
    scenario: str = DEFAULT_SCENARIO,
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Write the nine raw files and ``planted_truth.csv`` into a folder.

    Args:
        folder: made if it is not there; files of the same names are replaced.
        order_count: exactly so many orders, at least 100.
        seed: any whole number from 0; the same seed, count and scenario give the same bytes.
        scenario: what kind of shop, a name in ``SCENARIOS``.
        progress: called with orders written and orders to write.

    Raises:
        ValueError: fewer than 100 orders, a negative seed, or no such scenario.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     generate_demo_shop(Path(name), order_count=200, seed=1)
        ...     len(list(Path(name).iterdir()))
        10
    """
    if order_count < 100:
        raise ValueError(f"order_count must be at least 100, got {order_count}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    kind_of_shop = find_scenario(scenario)
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _write_shop(partial, order_count, seed, kind_of_shop, progress)
        for path in sorted(partial.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_shop(
    folder: Path, order_count: int, seed: int, scenario: Scenario, progress: Progress
) -> None:
    root = np.random.SeedSequence(seed)
    shop_rng = np.random.default_rng(root.spawn(1)[0])
    places = _make_places(shop_rng, order_count)
    _write_geolocation(folder, shop_rng, places, order_count)
    catalogue = _make_catalogue(folder, shop_rng, places, order_count)
    _write_translation(folder)

    written = 0
    with _Writers(folder) as writers:
        for block_seed in _spawn_forever(root):
            rng = np.random.default_rng(block_seed)
            written += _write_block(
                writers, rng, places, catalogue, scenario, order_count - written
            )
            progress(written, order_count)
            if written >= order_count:
                break


def _spawn_forever(root: np.random.SeedSequence) -> Iterator[np.random.SeedSequence]:
    while True:
        yield root.spawn(1)[0]


class _Writers:
    """One open CSV writer per growing file, made at the first table that is written to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: dict[str, pa_csv.CSVWriter] = {}

    def __enter__(self) -> _Writers:
        return self

    def __exit__(self, *_exception: object) -> None:
        for writer in self.open.values():
            writer.close()

    def write(self, stem: str, columns: dict[str, Any]) -> None:
        table = pa.table(columns)
        if stem not in self.open:
            options = pa_csv.WriteOptions(quoting_style="needed")
            self.open[stem] = pa_csv.CSVWriter(
                str(self.folder / f"{stem}.csv"), table.schema, write_options=options
            )
        self.open[stem].write_table(table)


def _write_whole(folder: Path, stem: str, columns: dict[str, Any]) -> None:
    with _Writers(folder) as writers:
        writers.write(stem, columns)


def _hex_ids(rng: np.random.Generator, count: int) -> pa.Array:
    """So many random identifiers of 32 hexadecimal digits, as a string array."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    octets = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    text = np.empty((count, 32), dtype=np.uint8)
    text[:, 0::2] = digits[octets >> 4]
    text[:, 1::2] = digits[octets & 15]
    offsets = np.arange(0, 32 * (count + 1), 32, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), count, buffers)


def _texts(values: tuple[str, ...] | list[str], codes: IntArray, mask: Any = None) -> pa.Array:
    """The text of each code; null where the mask is true."""
    return pa.array(list(values), pa.string()).take(pa.array(codes, mask=mask))


def _times(seconds: FloatArray | IntArray, mask: BoolArray | None = None) -> pa.Array:
    whole = np.floor(seconds).astype(np.int64)
    return pa.array(whole, pa.timestamp("s"), mask=mask)


def _prefixes(codes: IntArray) -> pa.Array:
    return pa.array([f"{code:05d}" for code in range(100_000)]).take(pa.array(codes))


def _money(cents: IntArray) -> pa.Array:
    return pa.array(cents / 100.0)


def _pick(rng: np.random.Generator, shares: Any, count: int) -> IntArray:
    """Indices drawn with the given weights (they need not sum to 1)."""
    return _locate(shares, rng.random(count))


def _locate(shares: Any, drawn: FloatArray) -> IntArray:
    """The index into whose part of the shares each number from 0 to 1 falls."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.asarray(np.searchsorted(edges, drawn * edges[-1], side="right"), dtype=np.int64)


def _make_places(rng: np.random.Generator, order_count: int) -> _Places:
    prefix_count = int(min(PREFIX_LIMIT, max(400, order_count // 5)))
    shares = np.array([row[0] for row in STATES.values()])
    seller_shares = np.array([row[1] for row in STATES.values()])
    first = np.array([row[2] for row in STATES.values()])
    last = np.array([row[3] for row in STATES.values()])
    span = (last - first + 1).astype(np.float64)
    wanted = np.minimum(span, np.maximum(3, np.round(prefix_count * shares / shares.sum())))
    prefixes, states = [], []
    for state, want in enumerate(wanted.astype(int)):
        drawn = rng.choice(int(span[state]), size=want, replace=False) + first[state]
        prefixes.append(np.sort(drawn))
        states.append(np.full(want, state))
    prefix = np.concatenate(prefixes).astype(np.int64)
    state_of = np.concatenate(states).astype(np.int64)
    count = len(prefix)
    weight = rng.gamma(0.7, 1.0, count) + 0.01
    total = np.bincount(state_of, weights=weight)[state_of]
    names = _city_names()
    offsets = np.cumsum([0] + [len(row[6]) for row in STATES.values()])
    many = np.array([len(row[6]) for row in STATES.values()])
    city = offsets[state_of] + (rng.random(count) * many[state_of]).astype(np.int64)
    assert city.max() < len(names)
    centre_latitude = np.array([row[4] for row in STATES.values()])[state_of]
    centre_longitude = np.array([row[5] for row in STATES.values()])[state_of]
    return _Places(
        prefix=prefix,
        state=state_of,
        city=city,
        latitude=centre_latitude + rng.normal(0, 0.8, count),
        longitude=centre_longitude + rng.normal(0, 0.8, count),
        customer_weight=shares[state_of] * weight / total,
        seller_weight=seller_shares[state_of] * weight / total,
    )


def _city_names() -> list[str]:
    return [city for row in STATES.values() for city in row[6]]


def _write_geolocation(
    folder: Path, rng: np.random.Generator, places: _Places, order_count: int
) -> None:
    count = int(min(POINT_LIMIT, order_count * 10))
    place = np.sort(rng.integers(0, len(places.prefix), count))
    latitude = places.latitude[place] + rng.normal(0, 0.01, count)
    longitude = places.longitude[place] + rng.normal(0, 0.01, count)
    # A quarter of the published rows repeat another row exactly.
    again = (rng.random(count) < 0.26) & (np.diff(place, prepend=-1) == 0)
    # A repeat of a repeat goes back to the row that both repeat.
    source = np.maximum.accumulate(np.where(again, 0, np.arange(count)))
    latitude, longitude = latitude[source], longitude[source]
    overseas = rng.choice(count, size=max(1, round(count * 42 / 1_000_163)), replace=False)
    latitude[overseas], longitude[overseas] = OVERSEAS
    _write_whole(
        folder,
        "olist_geolocation_dataset",
        {
            "geolocation_zip_code_prefix": _prefixes(places.prefix[place]),
            "geolocation_lat": latitude,
            "geolocation_lng": longitude,
            "geolocation_city": _texts(_city_names(), places.city[place]),
            "geolocation_state": _texts(list(STATES), places.state[place]),
        },
    )


def _make_catalogue(
    folder: Path, rng: np.random.Generator, places: _Places, order_count: int
) -> _Catalogue:
    seller_count = int(min(SELLER_LIMIT, max(40, order_count * 31 // 1000)))
    seller_id = _hex_ids(rng, seller_count)
    seller_place = _pick(rng, places.seller_weight, seller_count)
    _write_whole(
        folder,
        "olist_sellers_dataset",
        {
            "seller_id": seller_id,
            "seller_zip_code_prefix": _prefixes(places.prefix[seller_place]),
            "seller_city": _texts(_city_names(), places.city[seller_place]),
            "seller_state": _texts(list(STATES), places.state[seller_place]),
        },
    )
    count = int(min(CATALOGUE_LIMIT, max(150, order_count // 3)))
    product_id = _hex_ids(rng, count)
    names = list(CATEGORIES)
    category = _pick(rng, [row[1] for row in CATEGORIES.values()], count)
    median_price = np.array([row[2] for row in CATEGORIES.values()])[category]
    price = np.clip(median_price * np.exp(rng.normal(0, 0.85, count)), 3, 6_700)
    weight_g = np.clip(np.exp(rng.normal(6.6, 1.2, count)), 50, 30_000).astype(np.int64)
    nameless = rng.random(count) < NO_CATEGORY_SHARE
    nameless[0] = True
    sizes = np.clip(rng.gamma(3, 8, (3, count)), 2, 105).astype(np.int64)
    _write_whole(
        folder,
        "olist_products_dataset",
        {
            "product_id": product_id,
            "product_category_name": _texts(names, category, nameless),
            "product_name_lenght": pa.array(rng.integers(20, 64, count), mask=nameless),
            "product_description_lenght": pa.array(rng.integers(80, 3000, count), mask=nameless),
            "product_photos_qty": pa.array(1 + rng.poisson(1.2, count), mask=nameless),
            "product_weight_g": weight_g,
            "product_length_cm": sizes[0],
            "product_height_cm": sizes[1],
            "product_width_cm": sizes[2],
        },
    )
    # Sales follow a long tail: many products sell once, a few hundreds of times.
    popularity = (rng.pareto(1.1, count) + 0.2).clip(0, 300)
    seller_popularity = rng.pareto(0.9, seller_count).clip(0, 500) + 0.2
    return _Catalogue(
        product_id=product_id,
        seller_id=seller_id,
        product_seller=_pick(rng, seller_popularity, count),
        product_price=price,
        product_weight_g=weight_g,
        popularity=popularity,
        seller_place=seller_place,
    )


def _write_translation(folder: Path) -> None:
    lines = ["product_category_name,product_category_name_english"]
    lines += [f"{name},{row[0]}" for name, row in CATEGORIES.items() if row[0]]
    path = folder / "product_category_name_translation.csv"
    # With a byte-order mark and no last line break, as published.
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())


def _day_weights() -> tuple[IntArray, FloatArray]:
    """Each day the shop was open, as days since 1970, and the weight of a first order on it."""
    days = np.arange(SHOP_OPENS, SHOP_CLOSES)
    month = days.astype("datetime64[M]")
    index = (month - np.datetime64("2016-09", "M")).astype(int)
    number = days.astype(np.int64)
    factor = np.array(WEEKDAY_FACTORS)[(number + 3) % 7]  # 1970-01-01 was a Thursday
    factor = np.where(days == BLACK_FRIDAY, BLACK_FRIDAY_FACTOR, factor)
    # The last complete day is 2018-08-29; the two days left of that month are nearly empty.
    in_tail = (days >= np.datetime64("2018-08-30")) & (days < np.datetime64("2018-09-01"))
    factor = np.where(in_tail, 0.02, factor)
    per_month = np.bincount(index, weights=factor, minlength=len(MONTHLY_ORDERS))
    return number, np.array(MONTHLY_ORDERS)[index] * factor / per_month[index]


def _clock(rng: np.random.Generator, count: int) -> IntArray:
    """Seconds since midnight, by the hours at which people order."""
    return _pick(rng, HOURLY_ORDERS, count) * 3600 + rng.integers(0, 3600, count)


def _simulate_purchases(
    rng: np.random.Generator, kinds: _Kinds, rate: FloatArray, split_basket_share: float
) -> tuple[IntArray, IntArray]:
    """Person index and time (seconds) of every order, by person and then time."""
    count = len(rate)
    dropout, least = kinds.each("dropout_probability"), kinds.each("least_order_count")

    def staying(people: IntArray, orders_made: int) -> IntArray:
        leaving = np.where(orders_made < least[people], 0.0, dropout[people])
        return people[rng.random(len(people)) >= leaving]

    days, weights = _day_weights()
    first_day = days[
        kinds.pick(
            rng,
            lambda kind: np.where(
                (days >= kind.first_order_from.astype(np.int64))
                & (days < kind.first_order_before.astype(np.int64)),
                weights,
                0.0,
            ),
        )
    ]
    time = first_day * SECONDS_PER_DAY + _clock(rng, count)
    end = SHOP_CLOSES.astype("datetime64[s]").astype(np.int64)
    people, times = [np.arange(count)], [time.copy()]
    alive = staying(np.arange(count), 1)
    alive = alive[rate[alive] > 0]
    for orders_made in range(2, MAX_ORDERS_PER_PERSON + 1):
        if not len(alive):
            break
        gap = rng.exponential(1.0, len(alive)) / rate[alive]
        day = (time[alive] // SECONDS_PER_DAY) + 1 + np.floor(gap).astype(np.int64)
        time[alive] = day * SECONDS_PER_DAY + _clock(rng, len(alive))
        # Data of the last weeks is incomplete: most of what was ordered then is not in it.
        seen = (time[alive] < DATA_IS_COMPLETE_BEFORE) | (
            (time[alive] < end) & (rng.random(len(alive)) < 0.01)
        )
        alive = alive[seen]
        people.append(alive)
        times.append(time[alive].copy())
        alive = staying(alive, orders_made)
    person, moment = np.concatenate(people), np.concatenate(times)
    split = rng.random(len(person)) < split_basket_share
    person = np.concatenate([person, person[split]])
    delay = rng.exponential(2 * 3600, int(split.sum())).clip(30, 82_800).astype(np.int64)
    moment = np.concatenate([moment, moment[split] + delay])
    order = np.lexsort((moment, person))
    return person[order], moment[order]


def _write_block(
    writers: _Writers,
    rng: np.random.Generator,
    places: _Places,
    catalogue: _Catalogue,
    scenario: Scenario,
    orders_wanted: int,
) -> int:
    """Simulate one block of people and append their rows; returns how many orders that were."""
    types = scenario.types
    kinds = _Kinds(types, _pick(rng, [kind.share for kind in types], BLOCK_PEOPLE))
    own_rate = rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE, BLOCK_PEOPLE)
    rate = kinds.each("mean_purchase_rate_per_day") * np.where(
        kinds.each("rates_vary"), own_rate, 1.0
    )
    person, ordered_at = _simulate_purchases(rng, kinds, rate, scenario.split_basket_share)
    person, ordered_at = person[:orders_wanted], ordered_at[:orders_wanted]
    people = int(person.max()) + 1
    kinds = kinds.of(slice(people))
    unique_id = _hex_ids(rng, people)
    first = np.flatnonzero(np.diff(person, prepend=-1))
    writers.write(
        "planted_truth",
        {
            "customer_unique_id": unique_id,
            "customer_type": _texts([kind.name for kind in types], kinds.number),
            "purchase_rate_per_day": rate[:people],
            "dropout_probability": kinds.each("dropout_probability"),
            "first_order_at": _times(ordered_at[first]),
        },
    )

    count = len(person)
    order_id, order_customer_id = _hex_ids(rng, count), _hex_ids(rng, count)
    buyers = kinds.of(person)
    buyer_id = unique_id.take(pa.array(person))
    place = _write_customers(writers, rng, places, kinds, person, buyer_id, order_customer_id)
    orders = _write_orders(
        writers, rng, places, buyers, order_id, order_customer_id, ordered_at, place
    )
    total_cents = _write_items(writers, rng, places, catalogue, buyers, order_id, orders)
    _write_payments(writers, rng, buyers, order_id, total_cents, scenario)
    _write_reviews(writers, rng, order_id, orders, scenario)
    return count


def _write_customers(
    writers: _Writers,
    rng: np.random.Generator,
    places: _Places,
    kinds: _Kinds,
    person: IntArray,
    unique_id: pa.Array,
    order_customer_id: pa.Array,
) -> IntArray:
    """One row per order; returns the place of each order."""

    def weights(kind: CustomerType) -> FloatArray:
        codes = [code for code, name in enumerate(STATES) if name in (kind.states or STATES)]
        return np.where(np.isin(places.state, codes), places.customer_weight, 0.0)

    place = kinds.pick(rng, weights)[person]
    moved = (rng.random(len(person)) < 0.07) & (np.diff(person, prepend=-1) == 0)
    place = np.where(moved, kinds.of(person).pick(rng, weights), place)
    prefix = places.prefix[place]
    # 278 people live on a prefix that the geolocation file does not know.
    unknown = rng.random(int(person.max()) + 1)[person] < 0.0029
    spare = np.setdiff1d(np.arange(1000, 100_000), places.prefix)
    prefix = np.where(unknown, spare[rng.integers(0, len(spare), len(person))], prefix)
    writers.write(
        "olist_customers_dataset",
        {
            "customer_id": order_customer_id,
            "customer_unique_id": unique_id,
            "customer_zip_code_prefix": _prefixes(prefix),
            "customer_city": _texts(_city_names(), places.city[place]),
            "customer_state": _texts(list(STATES), places.state[place]),
        },
    )
    return place


@dataclass(frozen=True)
class _Orders:
    """What later files need to know of each order; times in seconds since 1970."""

    place: IntArray
    status: IntArray
    ordered_at: IntArray
    shipped_at: FloatArray
    delivered_at: FloatArray
    is_delivered: BoolArray
    estimated_at: IntArray


def _write_orders(
    writers: _Writers,
    rng: np.random.Generator,
    places: _Places,
    buyers: _Kinds,
    order_id: pa.Array,
    order_customer_id: pa.Array,
    ordered_at: IntArray,
    place: IntArray,
) -> _Orders:
    count = len(ordered_at)
    day = float(SECONDS_PER_DAY)
    status = _pick(rng, STATUS_SHARES, count)
    status = np.where(ordered_at >= DATA_IS_COMPLETE_BEFORE, STATUSES.index("canceled"), status)
    is_delivered = status == STATUSES.index("delivered")
    is_canceled = status == STATUSES.index("canceled")

    slow = rng.random(count) < 0.2  # boleto is paid a day or two later
    wait = np.where(slow, rng.gamma(3, 0.5 * day, count), rng.exponential(900, count))
    approved_at = ordered_at + wait
    shipped_at = approved_at + np.exp(rng.normal(0.75, 0.75, count)) * day
    early = rng.random(count) < 0.0137  # handed over before it was approved
    shipped_at = np.where(early, ordered_at + rng.random(count) * (approved_at - ordered_at),
                          shipped_at)  # fmt: skip
    far = np.hypot(places.latitude[place] + 23.5, places.longitude[place] + 46.6)
    transit = np.exp(rng.normal(1.75 + 0.035 * np.minimum(far, 25), 0.52, count)) * day
    delivered_at = shipped_at + transit * buyers.each("transit_factor")
    backwards = rng.random(count) < 23 / 96_478
    delivered_at = np.where(backwards, shipped_at - day, delivered_at)
    promise = np.clip(rng.normal(21.5 + 0.5 * np.minimum(far, 25), 6.5, count), 3, 90)
    estimated_at = (ordered_at // SECONDS_PER_DAY + promise.astype(np.int64)) * SECONDS_PER_DAY

    stage = np.array([3, 2, 0, 1, 1, 1, 0, 1])[status]  # 1 approved, 2 handed over, 3 delivered
    stage = np.where(is_canceled & (rng.random(count) < 0.77), 1, stage)
    has_delivered = (stage == 3) & (rng.random(count) >= 8 / 96_478)
    has_delivered |= is_canceled & (rng.random(count) < 6 / 625)
    has_approved = (stage >= 1) & ~(is_delivered & (rng.random(count) < 14 / 96_478))
    writers.write(
        "olist_orders_dataset",
        {
            "order_id": order_id,
            "customer_id": order_customer_id,
            "order_status": _texts(STATUSES, status),
            "order_purchase_timestamp": _times(ordered_at),
            "order_approved_at": _times(approved_at, ~has_approved),
            "order_delivered_carrier_date": _times(shipped_at, stage < 2),
            "order_delivered_customer_date": _times(delivered_at, ~has_delivered),
            "order_estimated_delivery_date": _times(estimated_at),
        },
    )
    return _Orders(place, status, ordered_at, shipped_at, delivered_at, has_delivered, estimated_at)


def _write_items(
    writers: _Writers,
    rng: np.random.Generator,
    places: _Places,
    catalogue: _Catalogue,
    buyers: _Kinds,
    order_id: pa.Array,
    orders: _Orders,
) -> IntArray:
    """Price plus freight of each order in cents, also for orders whose items are missing."""
    count = len(order_id)
    item_count = np.array(ITEM_COUNTS)[buyers.pick(rng, lambda kind: kind.item_count_shares)]
    order = np.repeat(np.arange(count), item_count)
    number = np.arange(len(order)) - np.repeat(np.cumsum(item_count) - item_count, item_count) + 1
    product = _pick(rng, catalogue.popularity, len(order))
    # Further items are mostly the same product again, so look back to the first item.
    first_of = np.arange(len(order)) - (number - 1)
    again_share = buyers.each("same_product_again_share")[order]
    repeats = (number > 1) & (rng.random(len(order)) < again_share)
    product = np.where(repeats, product[first_of], product)
    shifted = catalogue.product_price[product] * np.exp(buyers.each("log_price_shift")[order])
    price_cents = np.maximum(100, np.round(shifted * 10) * 10 - 1).astype(np.int64)
    seller = catalogue.product_seller[product]
    seller_place = catalogue.seller_place[seller]
    far = np.hypot(
        places.latitude[orders.place[order]] - places.latitude[seller_place],
        places.longitude[orders.place[order]] - places.longitude[seller_place],
    )
    freight = 8 + 1.2 * np.minimum(far, 30) + 0.0018 * catalogue.product_weight_g[product]
    freight_cents = np.round(freight * np.exp(rng.normal(0, 0.25, len(order))) * 100)
    freight_cents = freight_cents.clip(0, 40_000).astype(np.int64)
    limit_days = np.where(rng.random(len(order)) < 2e-5, 600, 3 + rng.poisson(3, len(order)))
    limit = orders.ordered_at[order] + limit_days * SECONDS_PER_DAY

    missing_share = np.array([NO_ITEM_SHARES.get(status, 0.0) for status in STATUSES])
    missing = rng.random(count) < missing_share[orders.status]
    kept = np.flatnonzero(~missing[order])
    writers.write(
        "olist_order_items_dataset",
        {
            "order_id": order_id.take(pa.array(order[kept])),
            "order_item_id": number[kept],
            "product_id": catalogue.product_id.take(pa.array(product[kept])),
            "seller_id": catalogue.seller_id.take(pa.array(seller[kept])),
            "shipping_limit_date": _times(limit[kept]),
            "price": _money(price_cents[kept]),
            "freight_value": _money(freight_cents[kept]),
        },
    )
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, order, price_cents + freight_cents)
    return total


def _write_payments(
    writers: _Writers,
    rng: np.random.Generator,
    buyers: _Kinds,
    order_id: pa.Array,
    total_cents: IntArray,
    scenario: Scenario,
) -> None:
    count = len(order_id)
    # 303 of 98,665 orders are paid with another amount than their items and freight come to.
    off = rng.random(count) < 303 / 98_665
    total = np.where(off, total_cents + rng.integers(5, 4_000, count), total_cents)
    kind = buyers.pick(rng, lambda kind: kind.payment_shares)
    split = rng.random(count) < scenario.split_payment_share
    rows = np.where(split, 2 + np.minimum(rng.geometric(0.6, count) - 1, 8), 1)
    unpaid = rng.random(count) < 1 / 99_441
    unpaid[count // 2] = True
    rows = np.where(unpaid, 0, rows)
    order = np.repeat(np.arange(count), rows)
    number = np.arange(len(order)) - np.repeat(np.cumsum(rows) - rows, rows) + 1
    last = number == rows[order]
    # Vouchers come after the first payment and take a share each; the first pays the rest.
    share = np.where(split[order] & (number > 1), rng.random(len(order)) * 0.6 / rows[order], 0)
    cents = np.floor(total[order] * share).astype(np.int64)
    rest = total - np.bincount(order, weights=cents, minlength=count).astype(np.int64)
    cents = np.where(number == 1, rest[order], cents)
    voucher = PAYMENT_TYPES.index("voucher")
    kind_row = np.where(number == 1, kind[order], voucher)
    is_card = kind_row == PAYMENT_TYPES.index("credit_card")
    instalments = rng.geometric(1 / buyers.each("mean_instalments")[order])
    instalments = np.clip(instalments, buyers.each("least_instalments")[order], 24)
    instalments = np.where(is_card, instalments, 1)
    instalments[is_card & (rng.random(len(order)) < 2 / 76_795)] = 0
    empty = last & (number > 1) & (rng.random(len(order)) < 0.003)  # paid with a voucher of 0
    first_row = np.cumsum(rows) - rows
    np.add.at(cents, first_row[order[empty]], cents[empty])
    cents[empty] = 0
    undefined = (number == 1) & (rng.random(len(order)) < 3 / 103_886)
    cents[undefined] = 0
    writers.write(
        "olist_order_payments_dataset",
        {
            "order_id": order_id.take(pa.array(order)),
            "payment_sequential": number,
            "payment_type": _texts(
                [*PAYMENT_TYPES, "not_defined"], np.where(undefined, len(PAYMENT_TYPES), kind_row)
            ),
            "payment_installments": np.where(undefined, 1, instalments),
            "payment_value": _money(cents),
        },
    )


def _write_reviews(
    writers: _Writers,
    rng: np.random.Generator,
    order_id: pa.Array,
    orders: _Orders,
    scenario: Scenario,
) -> None:
    count = len(order_id)
    copies = (rng.random(count) < REVIEWED_SHARE).astype(np.int64)
    copies += (copies > 0) & (rng.random(count) < 547 / 98_673)
    order = np.repeat(np.arange(count), copies)
    rows = len(order)
    late = ~orders.is_delivered | (orders.delivered_at > orders.estimated_at)
    late = late[order]
    score = np.where(
        late,
        _pick(rng, scenario.score_shares_late, rows),
        _pick(rng, scenario.score_shares_on_time, rows),
    )
    known = np.where(orders.is_delivered, orders.delivered_at, orders.estimated_at)[order]
    sent_day = np.floor(known / SECONDS_PER_DAY) + 1
    # Late parcels are asked about on the promised day, before they have come.
    promised = orders.estimated_at[order] / SECONDS_PER_DAY
    sent_day = np.where(late, np.minimum(sent_day, promised + 1), sent_day)
    sent_at = sent_day * SECONDS_PER_DAY
    answered_at = sent_at + np.exp(rng.normal(0.5, 0.9, rows)) * SECONDS_PER_DAY
    commented = rng.random(rows) < np.array(COMMENT_SHARES)[score]
    titled = commented & (rng.random(rows) < 0.28)
    review_id = _hex_ids(rng, rows)
    # 789 survey ids stand on several orders: the next row carries the id of the one before.
    source = np.arange(rows)
    other_order = np.diff(order, prepend=-1) != 0
    shared = np.flatnonzero((rng.random(rows) < 814 / 99_224) & other_order)
    source[shared] = np.maximum(shared - 1, 0)
    writers.write(
        "olist_order_reviews_dataset",
        {
            "review_id": review_id.take(pa.array(source)),
            "order_id": order_id.take(pa.array(order)),
            "review_score": score + 1,
            "review_comment_title": _texts(
                COMMENT_TITLES, rng.integers(0, len(COMMENT_TITLES), rows), ~titled
            ),
            "review_comment_message": _texts(
                COMMENTS, rng.integers(0, len(COMMENTS), rows), ~commented
            ),
            "review_creation_date": _times(sent_at, rng.random(rows) < 9 / 99_224),
            "review_answer_timestamp": _times(answered_at, rng.random(rows) < 45 / 99_224),
        },
    )
