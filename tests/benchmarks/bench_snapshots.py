"""All snapshots by the models, beside one statement tuned by hand: `make bench`.

On the real files where REGULARS_TEST_DATA points at them, else on a demo shop of 100,000 orders.
The ratio is of times of one run on one machine; the two results are compared, too.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from statistics import median

import pytest
from shops import Shop, generate_demo_shop
from time_travel import load_and_run

from orchestration.loading.tables import default_source

MODELS = ("order_facts", "customer_fact_digests", "customer_feature_snapshots")
REPEATS = 5
MAX_TIMES_SLOWER = 3.0
HAND_TUNED = Path(__file__).parent / "hand_tuned_snapshots.sql"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("bench")
    root = os.environ.get("REGULARS_TEST_DATA")
    data = Path(root) / default_source() if root else folder / "data"
    if not root:
        generate_demo_shop(data, order_count=100_000, seed=1)
    shop = Shop(data, folder / "warehouse")
    load_and_run(shop, "--select", "+customer_feature_snapshots")
    return shop


def seconds_of_models(shop: Shop) -> float:
    shop.run(
        *("dbt", "run", "--write-json", "--full-refresh", "--threads", "1", "--select", *MODELS)
    )
    results = json.loads((shop.folder / "target" / "run_results.json").read_text())["results"]
    seconds = [r["execution_time"] for r in results if r["unique_id"].startswith("model.")]
    assert len(seconds) == len(MODELS)
    return sum(seconds)


def seconds_by_hand(shop: Shop) -> float:
    with shop.open(read_only=False) as connection:
        began_at = time.perf_counter()
        connection.execute(f"create or replace table features.by_hand as {HAND_TUNED.read_text()}")
        return time.perf_counter() - began_at


def test_all_snapshots_take_at_most_three_times_a_hand_tuned_statement(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    # By turns, so that whatever else the machine does meets both.
    pairs = [(seconds_of_models(shop), seconds_by_hand(shop)) for _ in range(REPEATS)]
    ratio = median(models / by_hand for models, by_hand in pairs)
    with shop.open(read_only=False) as connection:
        ((rows,),) = connection.execute("select count(*) from features.by_hand").fetchall()
        ((different,),) = connection.execute(
            """
            select count(*) from (
                (from features.by_hand except all
                    from features.customer_feature_snapshots)
                union all
                (from features.customer_feature_snapshots except all
                    from features.by_hand)
            )
            """
        ).fetchall()
        connection.execute("drop table features.by_hand")
    with capsys.disabled():
        for models, by_hand in pairs:
            print(f"\n  models {models:.2f} s, by hand {by_hand:.2f} s", end="")
        print(f"\n  {rows:,} snapshots: {ratio:.2f} times the hand-tuned statement")
    assert different == 0
    assert ratio <= MAX_TIMES_SLOWER
