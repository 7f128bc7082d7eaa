"""A sample of the export of each preset's system, with what is in it.

The writers put the orders of one made-up shop into the columns of one system each, with the traps
that its exports have, and count orders, people and money from the orders themselves: by what the
system means by its columns, not by what a mapping makes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plain_samples import write_flat_lines, write_online_retail, write_orders_and_lines
from sample_orders import Sample
from shopify_sample import write_shopify
from stripe_sample import write_stripe
from woocommerce_sample import write_woocommerce

WRITERS: dict[str, Callable[[Path, int, int], Sample]] = {
    "shopify": write_shopify,
    "woocommerce": write_woocommerce,
    "stripe": write_stripe,
    "online_retail": write_online_retail,
    "flat_lines": write_flat_lines,
    "orders_and_lines": write_orders_and_lines,
}


def write_sample(preset: str, folder: Path, order_count: int, seed: int) -> Sample:
    """Write a sample into a folder.

    Args:
        preset: which; a key of ``WRITERS``.
        folder: where; it is made if it is not there.
        order_count: of orders of the shop; an export of attempts to pay has some more rows.
        seed: the same seed, the same files.

    Returns:
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return WRITERS[preset](folder, order_count, seed)
