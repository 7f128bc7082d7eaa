"""What is odd about a mapped shop's dates and customers is a finding; what is usual is none."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from two_readers import FLAT

from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.read import parse_mapping

START = date(2024, 1, 1)
ABOUT = ("far_dates", "dominant_customer", "nobody_returns")


def findings(tmp_path, orders):
    """Count and examples of the findings in question, by name."""
    lines = [f"{number},{day},{person},mug,1,2.00" for number, day, person in orders]
    text = "\n".join(["order,date,customer,product,pieces,price", *lines, ""])
    (tmp_path / "sales.csv").write_text(text)
    with duckdb.connect() as connection:
        apply_mapping(connection, tmp_path, parse_mapping(FLAT))
        rows = connection.execute(
            "select finding_id, finding_count, examples from raw.findings"
        ).fetchall()
    return {name: (count, examples) for name, count, examples in rows if name in ABOUT}


def usual(count, people):
    """So many orders over a year, of so many people in turn."""
    return [(n, START + timedelta(days=n % 365), f"p{n % people}") for n in range(count)]


def test_a_usual_shop_has_none(tmp_path):
    assert findings(tmp_path, usual(1_200, people=300)) == {}


@pytest.mark.parametrize("far", [date(2034, 5, 1), date(1970, 1, 1)])
def test_an_order_dated_far_from_the_others_is_told_with_its_date(tmp_path, far):
    result = findings(tmp_path, [*usual(1_200, people=300), ("slip", far, "p1")])
    assert result == {"far_dates": (1, f"slip of {far}")}


def test_a_till_that_orders_more_than_any_person_is_told_without_its_id(tmp_path):
    till = [(f"t{n}", START + timedelta(days=n), "till 4") for n in range(200)]
    result = findings(tmp_path, [*usual(1_200, people=300), *till])
    assert result == {"dominant_customer": (200, "one has 200 of 1400")}


def test_a_customer_with_more_than_five_times_the_orders_of_the_next_is_told(tmp_path):
    """The others have four each."""
    for count, is_told in ((20, False), (21, True)):
        most = [(f"m{n}", START + timedelta(days=n), "most") for n in range(count)]
        result = findings(tmp_path, [*usual(1_200, people=300), *most])
        assert ("dominant_customer" in result) == is_told, count


def test_where_each_order_has_a_customer_of_its_own_it_is_told(tmp_path):
    assert findings(tmp_path, usual(1_000, people=1_000)) == {
        "nobody_returns": (1_000, "1000 orders")
    }
    assert findings(tmp_path, usual(999, people=999)) == {}
