"""Which data facts are not as published, and which are not as the last build found them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb


@dataclass(frozen=True)
class DataFact:
    """One row of ``marts.data_facts``.

    Attributes:
        fact_id: its short name.
        fact: what is counted, in words.
        expected: the published figure, none where nothing is expected.
        found: the figure in the warehouse.
    """

    fact_id: str
    fact: str
    expected: Decimal | None
    found: Decimal | None


@dataclass(frozen=True)
class Difference:
    """A figure that is not what it was held against.

    Attributes:
        fact: what is counted, in words.
        other: the published figure, or that of the last build.
        found: the figure now.
    """

    fact: str
    other: Decimal | None
    found: Decimal | None


@dataclass(frozen=True)
class FactComparison:
    """The facts of a build, held against the published ones and the last build's.

    Attributes:
        fact_count: facts measured.
        expected_count: facts of which a published figure is known for these files.
        moved: facts that differ from the published figure, in the order of the facts.
        changed: facts that differ from the last build, in the order of the facts.
    """

    fact_count: int
    expected_count: int
    moved: tuple[Difference, ...]
    changed: tuple[Difference, ...]

    @property
    def sentence(self) -> str:
        """How many facts are as published."""
        if self.expected_count == 0:
            return f"Data facts: {self.fact_count} measured, not a published data set"
        as_published = self.expected_count - len(self.moved)
        return f"Data facts: {as_published} of {self.expected_count} as published"


def compare_data_facts(
    facts: Sequence[DataFact], former: Mapping[str, Decimal | None]
) -> FactComparison:
    """Hold facts against what was published and what the last build found.

    Args:
        facts: the facts of this build.
        former: fact id to the figure of the last build, empty where there was none; a fact that
            it does not know is new, not changed.

    Returns:
        The comparison.

    Example:
        >>> people = DataFact("people", "people", Decimal("96096"), Decimal("96097"))
        >>> compared = compare_data_facts([people], {"people": Decimal("96096")})
        >>> compared.sentence
        'Data facts: 0 of 1 as published'
        >>> compared.changed[0].found
        Decimal('96097')
    """
    return FactComparison(
        fact_count=len(facts),
        expected_count=sum(fact.expected is not None for fact in facts),
        moved=tuple(
            Difference(fact.fact, fact.expected, fact.found)
            for fact in facts
            if fact.expected is not None and fact.expected != fact.found
        ),
        changed=tuple(
            Difference(fact.fact, former[fact.fact_id], fact.found)
            for fact in facts
            if fact.fact_id in former and former[fact.fact_id] != fact.found
        ),
    )


def read_data_facts(connection: duckdb.DuckDBPyConnection) -> list[DataFact]:
    """The rows of ``marts.data_facts``, none where the warehouse does not have it yet."""
    known = connection.execute(
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = 'marts' and table_name = 'data_facts'"
    ).fetchall()
    if not known:
        return []
    rows = connection.execute(
        "select fact_id, fact, expected, found from marts.data_facts order by fact_number"
    ).fetchall()
    return [DataFact(*row) for row in rows]
