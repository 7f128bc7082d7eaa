"""How the demo shop's orders are rated."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.sources.olist.calendar import SECONDS_PER_DAY
from orchestration.sources.olist.draws import make_hex_ids, pick
from orchestration.sources.olist.orders import Orders
from orchestration.sources.olist.scenarios import Scenario
from orchestration.sources.olist.writing import CsvWriters, to_texts, to_timestamps

REVIEWED_SHARE = 0.9923
COMMENT_SHARES = (0.765, 0.68, 0.435, 0.312, 0.358)
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


def write_reviews(
    writers: CsvWriters,
    rng: np.random.Generator,
    order_id: pa.Array,
    orders: Orders,
    scenario: Scenario,
) -> None:
    """The answered surveys: what is late is rated worse, some orders have none or two."""
    count = len(order_id)
    copies = (rng.random(count) < REVIEWED_SHARE).astype(np.int64)
    copies += (copies > 0) & (rng.random(count) < 547 / 98_673)
    order = np.repeat(np.arange(count), copies)
    rows = len(order)
    late = ~orders.is_delivered | (orders.delivered_at > orders.estimated_at)
    late = late[order]
    score = np.where(
        late,
        pick(rng, scenario.score_shares_late, rows),
        pick(rng, scenario.score_shares_on_time, rows),
    )
    survey_day = np.where(orders.is_delivered, orders.delivered_at, orders.estimated_at)[order]
    sent_day = np.floor(survey_day / SECONDS_PER_DAY) + 1
    # Late parcels are asked about on the promised day, before they have come.
    promised = orders.estimated_at[order] / SECONDS_PER_DAY
    sent_day = np.where(late, np.minimum(sent_day, promised + 1), sent_day)
    sent_at = sent_day * SECONDS_PER_DAY
    answered_at = sent_at + np.exp(rng.normal(0.5, 0.9, rows)) * SECONDS_PER_DAY
    commented = rng.random(rows) < np.array(COMMENT_SHARES)[score]
    titled = commented & (rng.random(rows) < 0.28)
    review_id = make_hex_ids(rng, rows)
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
            "review_comment_title": to_texts(
                COMMENT_TITLES, rng.integers(0, len(COMMENT_TITLES), rows), ~titled
            ),
            "review_comment_message": to_texts(
                COMMENTS, rng.integers(0, len(COMMENTS), rows), ~commented
            ),
            "review_creation_date": to_timestamps(sent_at, rng.random(rows) < 9 / 99_224),
            "review_answer_timestamp": to_timestamps(answered_at, rng.random(rows) < 45 / 99_224),
        },
    )
