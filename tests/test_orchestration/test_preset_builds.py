"""Each preset's sample, from `init` to the report, by the two commands that a person types."""

from __future__ import annotations

import pytest
from preset_samples import WRITERS, write_sample
from shops import Shop

pytestmark = pytest.mark.long
ORDERS = 1_500


@pytest.mark.parametrize("preset", WRITERS)
def test_a_preset_s_sample_builds_to_the_report_with_nothing_typed_in_between(preset, tmp_path):
    shop = Shop(tmp_path / "data", tmp_path)
    sample = write_sample(preset, shop.data_dir, ORDERS, 7)
    shop.run("regulars", "init", str(shop.data_dir))
    printed = shop.run("regulars", "build").stdout
    assert "none failed" in " ".join(printed.split())
    assert shop.rows(
        "select count(*), count(*) filter (is_valid_order), count(distinct customer_id) "
        "from canonical.orders"
    ) == [(sample.order_count, sample.valid_count, len(sample.people))]
    assert shop.rows("select count(*) = sum(cast(segment_id >= 0 as integer)), count(*) > 0 "
                     "from marts.customer_segments") == [(True, True)]  # fmt: skip
    assert (shop.folder / "site" / "index.html").exists()
