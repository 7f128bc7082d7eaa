"""Nothing is known before it happened: promise 1, proved by poisoning what came after."""

from __future__ import annotations

import shutil
from datetime import date

import pytest
from shops import PROJECT_DIR, Shop
from time_travel import count_differences, load_and_run, poison_after

T = date(2018, 3, 1)
SELECTED = ("--select", "+customer_feature_snapshots", "rfm_snapshots", "+rfm_frequency_bands",
            "+rfm_segment_rules")  # fmt: skip
SNAPSHOTS = "dbt_project/models/features/customer_feature_snapshots.sql"


@pytest.fixture(scope="module")
def poisoned(demo, tmp_path_factory):
    """The demo shop with everything changed that was not known on T."""
    folder = tmp_path_factory.mktemp("poisoned")
    poison = poison_after(demo.data_dir, folder / "data", T)
    shop = Shop(folder / "data", folder / "warehouse")
    load_and_run(shop, *SELECTED)
    return shop, poison


def test_the_poison_is_of_every_kind(poisoned):
    _, poison = poisoned
    assert min(vars(poison).values()) > 50, poison


def test_no_feature_up_to_the_date_knows_of_anything_after_it(demo, poisoned):
    shop, _ = poisoned
    assert count_differences(demo, shop, T) == {}
    assert count_differences(demo, shop, T, "marts.rfm_snapshots") == {}


def test_features_after_the_date_do_know_of_it(demo, poisoned):
    """So the comparison could have failed: all supplied features but one have moved by then."""
    shop, _ = poisoned
    moved = count_differences(demo, shop, date(2018, 8, 30))
    ((supplied,),) = demo.rows("select count(*) from features.supplied_features")
    assert len(moved) >= supplied - 1, sorted(moved)


LEAKS = {
    "final delivery dates": (
        "            and missing_rows.as_of_date > delivered_totals.known_at\n",
        "",
        "delivered_order_count",
    ),
    "orders under way that will be delivered": (
        """            and coalesce(
                order_facts.delivered_at >= as_of_dates.as_of_date, true
            )
""",
        "            and order_facts.delivered_at is null\n",
        "open_order_count",
    ),
    "reviews that were answered later": (
        "            and missing_rows.as_of_date > reviewed_totals.known_at\n",
        "",
        "average_review_score",
    ),
    "final statuses": (
        "        count(*) over so_far as order_count,",
        "        sum(case when is_valid_order then 1 else 0 end) over so_far as order_count,",
        "order_count",
    ),
    "orders of the day that begins at the date": (
        """            placed_totals.ordered_at < as_of_dates.as_of_date
            and placed_totals.valid_until >= as_of_dates.as_of_date
""",
        """            placed_totals.ordered_at <= as_of_dates.as_of_date
            and placed_totals.valid_until > as_of_dates.as_of_date
""",
        "paid_amount",
    ),
}


# The last one moves what the others move, too, so it is planted by itself.
@pytest.mark.parametrize("leaks", [list(LEAKS)[:-1], list(LEAKS)[-1:]], ids=["four", "one"])
def test_planted_leaks_are_caught(demo, poisoned, tmp_path, leaks):
    project = tmp_path / "project"
    for name in ("dbt_project", "seeds", "tests/sql"):
        shutil.copytree(PROJECT_DIR / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_DIR / name, project / name)
    model = project / SNAPSHOTS
    text = model.read_text()
    for leak in leaks:
        honest, leaky, _ = LEAKS[leak]
        assert text.count(honest) == 1, leak
        text = text.replace(honest, leaky)
    model.write_text(text)
    shops = []
    for number, shop in enumerate((demo, poisoned[0])):
        copy = shop.copy_to(tmp_path / f"warehouse-{number}")
        copy.run(
            "dbt", "run", "--select", "customer_feature_snapshots",
            "--project-dir", str(project), "--profiles-dir", str(project),
        )  # fmt: skip
        shops.append(copy)
    moved = count_differences(*shops, T)
    assert {LEAKS[leak][2] for leak in leaks} <= moved.keys()
