"""What the demo shop sells, who sells it, and the files of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.draws import FloatArray, IntArray, make_hex_ids, pick
from orchestration.sources.olist.places import STATES, Places, city_names
from orchestration.sources.olist.writing import to_prefixes, to_texts, write_whole_file

CATALOGUE_LIMIT = 1_000_000
SELLER_LIMIT = 50_000

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


@dataclass(frozen=True)
class Catalogue:
    """Products and sellers."""

    product_id: pa.Array
    seller_id: pa.Array
    product_seller: IntArray
    product_price: FloatArray
    product_weight_g: IntArray
    popularity: FloatArray
    seller_place: IntArray


def make_catalogue(
    folder: Path, rng: np.random.Generator, places: Places, order_count: int
) -> Catalogue:
    """Products and sellers, of which the files are written, too."""
    seller_count = int(min(SELLER_LIMIT, max(40, order_count * 31 // 1000)))
    seller_id = make_hex_ids(rng, seller_count)
    seller_place = pick(rng, places.seller_weight, seller_count)
    write_whole_file(
        folder,
        "olist_sellers_dataset",
        {
            "seller_id": seller_id,
            "seller_zip_code_prefix": to_prefixes(places.prefix[seller_place]),
            "seller_city": to_texts(city_names(), places.city[seller_place]),
            "seller_state": to_texts(list(STATES), places.state[seller_place]),
        },
    )
    count = int(min(CATALOGUE_LIMIT, max(150, order_count // 3)))
    product_id = make_hex_ids(rng, count)
    names = list(CATEGORIES)
    category = pick(rng, [row[1] for row in CATEGORIES.values()], count)
    median_price = np.array([row[2] for row in CATEGORIES.values()])[category]
    price = np.clip(median_price * np.exp(rng.normal(0, 0.85, count)), 3, 6_700)
    weight_g = np.clip(np.exp(rng.normal(6.6, 1.2, count)), 50, 30_000).astype(np.int64)
    nameless = rng.random(count) < NO_CATEGORY_SHARE
    nameless[0] = True
    sizes = np.clip(rng.gamma(3, 8, (3, count)), 2, 105).astype(np.int64)
    write_whole_file(
        folder,
        "olist_products_dataset",
        {
            "product_id": product_id,
            "product_category_name": to_texts(names, category, nameless),
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
    return Catalogue(
        product_id=product_id,
        seller_id=seller_id,
        product_seller=pick(rng, seller_popularity, count),
        product_price=price,
        product_weight_g=weight_g,
        popularity=popularity,
        seller_place=seller_place,
    )


def write_translation(folder: Path) -> None:
    """The English name of each category that has one."""
    lines = ["product_category_name,product_category_name_english"]
    lines += [f"{name},{row[0]}" for name, row in CATEGORIES.items() if row[0]]
    path = folder / "product_category_name_translation.csv"
    # With a byte-order mark and no last line break, as published.
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())
