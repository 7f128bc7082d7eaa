"""How the demo shop's orders are paid."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.draws import IntArray
from orchestration.sources.olist.people import PeopleTypes
from orchestration.sources.olist.scenarios import PAYMENT_TYPES, Scenario
from orchestration.sources.olist.writing import CsvWriters, to_money, to_texts


def write_payments(
    writers: CsvWriters,
    rng: np.random.Generator,
    buyers: PeopleTypes,
    order_id: pa.Array,
    total_cents: IntArray,
    scenario: Scenario,
) -> None:
    """One row per payment: some orders are paid in several, or not at all."""
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
    instalments = rng.geometric(1 / buyers.values_of("mean_instalments")[order])
    instalments = np.clip(instalments, buyers.values_of("min_instalments")[order], 24)
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
            "payment_type": to_texts(
                [*PAYMENT_TYPES, "not_defined"], np.where(undefined, len(PAYMENT_TYPES), kind_row)
            ),
            "payment_installments": np.where(undefined, 1, instalments),
            "payment_value": to_money(cents),
        },
    )
