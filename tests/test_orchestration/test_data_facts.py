"""What a build says of the figures that it found."""

from __future__ import annotations

import io
from decimal import Decimal

import duckdb
from rich.console import Console

from orchestration.cli.details import MOST_FACTS_SHOWN, describe_data_facts
from orchestration.data_facts import DataFact, compare_data_facts, read_data_facts


def fact(fact_id: str, expected: str | None, found: str | None) -> DataFact:
    return DataFact(
        fact_id,
        f"the {fact_id}",
        None if expected is None else Decimal(expected),
        None if found is None else Decimal(found),
    )


def printed(facts: list[DataFact], former: dict[str, Decimal | None]) -> str:
    out = Console(file=io.StringIO(), width=100)
    for part in describe_data_facts(compare_data_facts(facts, former)):
        out.print(part)
    return out.file.getvalue()


def test_figures_as_published_are_one_sentence():
    facts = [fact("people", "96096", "96096.0000"), fact("orders", "99441", "99441")]
    assert printed(facts, {}).strip() == "Data facts: 2 of 2 as published"


def test_figures_that_moved_are_named_with_both_values():
    facts = [fact("people", "96096", "96097"), fact("share", "0.9688", "0.9700")]
    text = printed(facts, {"people": Decimal(96097), "share": Decimal("0.97")})
    assert "0 of 2 as published" in text
    people, share = (line.split() for line in text.splitlines() if "the " in line)
    assert people == ["the", "people", "96,096", "96,097"]
    assert share == ["the", "share", "0.9688", "0.97"]
    assert "Changed" not in text  # the last build found the same


def test_figures_that_changed_since_the_last_build_are_named_without_any_published_one():
    facts = [fact("people", None, "12"), fact("orders", None, "20"), fact("new", None, "3")]
    text = printed(facts, {"people": Decimal(10), "orders": Decimal(20)})
    assert "Data facts: 3 measured, not a published data set" in text
    assert [line.split() for line in text.splitlines() if "the " in line][1:] == [
        ["the", "people", "10", "12"]
    ]
    assert "Not as published" not in text


def test_a_figure_that_could_not_be_found_has_moved():
    compared = compare_data_facts([fact("people", "5", None)], {"people": Decimal(5)})
    assert [item.found for item in compared.moved] == [None]
    assert [item.other for item in compared.changed] == [Decimal(5)]


def test_a_long_list_is_cut_and_says_where_the_rest_is():
    facts = [fact(f"fact{number}", "1", "2") for number in range(MOST_FACTS_SHOWN + 4)]
    text = printed(facts, {})
    assert text.count("the fact") == MOST_FACTS_SHOWN
    assert "and 4 more in marts.data_facts" in text


def test_a_warehouse_without_the_mart_has_no_facts():
    with duckdb.connect() as connection:
        assert read_data_facts(connection) == []
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.data_facts as select 2 as fact_number, 'b' as fact_id, "
            "'later' as fact, null::decimal(18, 4) as expected, 7::decimal(18, 4) as found "
            "union all select 1, 'a', 'first', 3, 3"
        )
        assert [row.fact_id for row in read_data_facts(connection)] == ["a", "b"]
