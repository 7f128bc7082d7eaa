"""Where the demo shop's customers and sellers live, and the file of geolocations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestration.sources.olist.draws import FloatArray, IntArray
from orchestration.sources.olist.writing import to_prefixes, to_texts, write_whole_file

PREFIX_LIMIT = 19_000
POINT_LIMIT = 1_000_000

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


@dataclass(frozen=True)
class Places:
    """Zip prefixes: code, state, city and centre of each, and how likely a customer lives there."""

    prefix: IntArray
    state: IntArray
    city: IntArray
    latitude: FloatArray
    longitude: FloatArray
    customer_weight: FloatArray
    seller_weight: FloatArray


def make_places(rng: np.random.Generator, order_count: int) -> Places:
    """Zip prefixes of every state, more of them in larger shops."""
    prefix_count = int(min(PREFIX_LIMIT, max(400, order_count // 5)))
    shares = np.array([row[0] for row in STATES.values()])
    seller_shares = np.array([row[1] for row in STATES.values()])
    first = np.array([row[2] for row in STATES.values()])
    last = np.array([row[3] for row in STATES.values()])
    span = (last - first + 1).astype(np.float64)
    prefix_counts = np.minimum(span, np.maximum(3, np.round(prefix_count * shares / shares.sum())))
    prefixes, states = [], []
    for state, want in enumerate(prefix_counts.astype(int)):
        drawn = rng.choice(int(span[state]), size=want, replace=False) + first[state]
        prefixes.append(np.sort(drawn))
        states.append(np.full(want, state))
    prefix = np.concatenate(prefixes).astype(np.int64)
    state_of = np.concatenate(states).astype(np.int64)
    count = len(prefix)
    weight = rng.gamma(0.7, 1.0, count) + 0.01
    total = np.bincount(state_of, weights=weight)[state_of]
    names = city_names()
    offsets = np.cumsum([0] + [len(row[6]) for row in STATES.values()])
    many = np.array([len(row[6]) for row in STATES.values()])
    city = offsets[state_of] + (rng.random(count) * many[state_of]).astype(np.int64)
    assert city.max() < len(names)
    centre_latitude = np.array([row[4] for row in STATES.values()])[state_of]
    centre_longitude = np.array([row[5] for row in STATES.values()])[state_of]
    return Places(
        prefix=prefix,
        state=state_of,
        city=city,
        latitude=centre_latitude + rng.normal(0, 0.8, count),
        longitude=centre_longitude + rng.normal(0, 0.8, count),
        customer_weight=shares[state_of] * weight / total,
        seller_weight=seller_shares[state_of] * weight / total,
    )


def city_names() -> list[str]:
    """The cities of all states, in the order that their codes count."""
    return [city for row in STATES.values() for city in row[6]]


def write_geolocation(
    folder: Path, rng: np.random.Generator, places: Places, order_count: int
) -> None:
    """Points around each place; some repeat, and some lie overseas, as published."""
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
    write_whole_file(
        folder,
        "olist_geolocation_dataset",
        {
            "geolocation_zip_code_prefix": to_prefixes(places.prefix[place]),
            "geolocation_lat": latitude,
            "geolocation_lng": longitude,
            "geolocation_city": to_texts(city_names(), places.city[place]),
            "geolocation_state": to_texts(list(STATES), places.state[place]),
        },
    )
