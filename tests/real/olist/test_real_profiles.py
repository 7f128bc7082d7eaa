"""Profiles of the published files, beside figures that were counted elsewhere."""

from __future__ import annotations

import duckdb
import pytest
from real_data import data_set_folder, needs_data_set

from orchestration.loading.load import load_raw_files

pytestmark = needs_data_set("olist")

# olist-pitfalls 1, 10, 12, 13 and its closing remark: rows, missing, distinct.
PUBLISHED = {
    ("customers", "customer_id"): (99_441, 0, 99_441),
    ("customers", "customer_unique_id"): (99_441, 0, 96_096),
    ("order_reviews", "review_id"): (99_224, 0, 98_410),
    ("order_reviews", "order_id"): (99_224, 0, 98_673),
    ("geolocation", "geolocation_zip_code_prefix"): (1_000_163, 0, 19_015),
    # 71 that are translated, and two that are not.
    ("products", "product_category_name"): (32_951, 610, 73),
}


@pytest.fixture(scope="module")
def loaded():
    """The real files, loaded into memory."""
    with duckdb.connect() as connection:
        load_raw_files(connection, data_set_folder("olist"))
        yield connection


@pytest.mark.parametrize("column", PUBLISHED, ids=".".join)
def test_rows_missing_and_distinct_values_are_the_published_ones(loaded, column):
    assert loaded.execute(
        "select row_count, null_count, distinct_count from raw.column_profiles "
        "where table_name = ? and column_name = ?",
        [*column],
    ).fetchall() == [PUBLISHED[column]]


def test_the_mean_payment_is_the_published_sum_over_the_rows(loaded):
    ((mean,),) = loaded.execute(
        "select mean_value from raw.column_profiles where column_name = 'payment_value'"
    ).fetchall()
    assert mean == 16_008_872.12 / 103_886
