"""What holds of RFM scores for any customers whatever: the compiled SQL of customer_rfm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import PROJECT_DIR

AS_OF = date(2018, 8, 30)


@dataclass(frozen=True)
class Person:
    """Valid orders as (days before the as-of date, paid in cents)."""

    orders: tuple[tuple[int, int], ...]

    @property
    def recency_days(self) -> int:
        return min(days for days, _ in self.orders)

    @property
    def monetary_amount(self) -> Decimal:
        return Decimal(sum(cents for _, cents in self.orders)) / 100


# Few different values, so that ties are frequent.
orders = st.tuples(st.integers(1, 12), st.sampled_from([0, 1, 500, 999, 1000, 99_999_999]))
people = st.lists(
    st.builds(Person, st.lists(orders, min_size=1, max_size=7).map(tuple)), min_size=1, max_size=25
)


@pytest.fixture(scope="module")
def score(demo, tmp_path_factory):
    """A function from people to their scores, by the SQL that dbt runs."""
    shop = demo.copy_to(tmp_path_factory.mktemp("compiled"))
    sql = shop.run("dbt", "compile", "--select", "customer_rfm", "--quiet").stdout
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as regulars; create schema regulars.canonical")
    for seed in ("rfm_frequency_bands", "rfm_segment_rules"):
        connection.execute(
            f"create table regulars.canonical.{seed} as "
            f"from read_csv('{PROJECT_DIR / 'seeds' / seed}.csv')"
        )
    connection.execute(
        "create table regulars.canonical.orders (order_id varchar, customer_id varchar, "
        "ordered_at timestamp, is_valid_order boolean, order_amount decimal(18, 2))"
    )
    connection.execute(
        "create table regulars.canonical.returns (customer_id varchar, returned_at timestamp, "
        "order_returned_amount decimal(18, 2))"
    )

    def run(population):
        rows = [
            (f"{who}-{number}", f"{who:03}", AS_OF - timedelta(days=days), True, cents / 100)
            for who, person in enumerate(population)
            for number, (days, cents) in enumerate(person.orders)
        ]
        connection.execute("delete from regulars.canonical.orders")
        connection.executemany("insert into regulars.canonical.orders values (?, ?, ?, ?, ?)", rows)
        scores = connection.execute(
            f"select r_score, f_score, m_score, rfm_segment from ({sql}) order by customer_id"
        ).fetchall()
        assert len(scores) == len(population)
        return scores

    return run


def fifth_from_worst(value, values):
    """1 to 5 by how many people are worse, so ties share the lower fifth."""
    return 1 + 5 * sum(other < value for other in values) // len(values)


def fifth_from_best(value, values):
    """5 to 1 by how many people are better, so ties share the better fifth."""
    return 5 - 5 * sum(other > value for other in values) // len(values)


@settings(max_examples=60, deadline=None)
@given(population=people)
def test_recency_is_scored_by_how_many_are_better_and_money_by_how_many_are_worse(
    score, population
):
    recent = [-person.recency_days for person in population]
    spent = [person.monetary_amount for person in population]
    for (r_score, _, m_score, _), days, amount in zip(
        score(population), recent, spent, strict=True
    ):
        assert r_score == fifth_from_best(days, recent)
        assert m_score == fifth_from_worst(amount, spent)


@settings(max_examples=60, deadline=None)
@given(population=people)
def test_frequency_is_scored_by_bands_where_most_bought_once_else_by_fifths(score, population):
    counts = [len(person.orders) for person in population]
    is_mostly_once = 2 * counts.count(1) > len(counts)
    for (_, f_score, _, _), count in zip(score(population), counts, strict=True):
        if is_mostly_once:  # the seed's bands: 1, 2, 3, 4 and 5, 6 and more
            assert f_score == sum(count >= least for least in (1, 2, 3, 4, 6))
        else:
            assert f_score == fifth_from_worst(count, counts)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_where_everybody_bought_on_the_last_day_nobody_is_less_recent(score, count):
    same = Person(orders=((1, 1_000),))
    assert {(r_score, m_score) for r_score, _, m_score, _ in score([same] * count)} == {(5, 1)}


@settings(max_examples=60, deadline=None)
@given(population=people)
def test_more_recent_more_often_and_more_spent_never_has_a_lower_score(score, population):
    scores = score(population)
    for measure, worth in enumerate(
        (
            lambda person: -person.recency_days,
            lambda person: len(person.orders),
            lambda person: person.monetary_amount,
        )
    ):
        ranked = sorted((worth(person), row[measure]) for person, row in zip(
            population, scores, strict=True
        ))  # fmt: skip
        by_worth = [result for _, result in ranked]
        assert by_worth == sorted(by_worth)
        assert len({value for value, _ in ranked}) == len(set(ranked)), "ties share a score"


@settings(max_examples=60, deadline=None)
@given(population=people, more=orders)
def test_one_more_order_never_lowers_a_persons_own_scores(score, population, more):
    before = score(population)[0]
    richer = replace(population[0], orders=(*population[0].orders, more))
    after = score([richer, *population[1:]])[0]
    assert all(now >= then for now, then in zip(after[:3], before[:3], strict=True))


@settings(max_examples=60, deadline=None)
@given(population=people)
def test_everybody_has_a_segment_and_champions_are_better_than_the_lost(score, population):
    scores = score(population)
    assert all(row[3] for row in scores)
    of = {
        name: [person for person, row in zip(population, scores, strict=True) if row[3] == name]
        for name in ("champions", "lost")
    }
    for champion in of["champions"]:
        for lost in of["lost"]:
            assert champion.recency_days < lost.recency_days
            assert champion.monetary_amount > lost.monetary_amount
