"""raw.test_log: the last result of each test, whoever ran it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shops import Shop

UNIT_TEST = "a_cohort_is_followed_month_by_month_and_empty_months_are_filled"
RANGE_TEST = "accepted_range_customer_rfm_r_score__5__1"


def build_two_marts(shop: Shop) -> None:
    """With those of their tests that look at nothing else."""
    marts = ["cohort_retention", "customer_rfm"]
    shop.run("dbt", "build", "--indirect-selection", "cautious", "--select", *marts)


@pytest.fixture(scope="module")
def built(demo: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A copy of the demo shop, with the tests of two marts run by a bare dbt build."""
    shop = demo.copy_to(tmp_path_factory.mktemp("warehouse"))
    with shop.open(read_only=False) as connection:
        connection.execute("delete from raw.test_log")
    build_two_marts(shop)
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    """A copy to be changed by one test."""
    return built.copy_to(tmp_path / "copy")


def log_of(shop: Shop, where: str) -> list[tuple[object, ...]]:
    """What the log says of some tests."""
    return shop.rows(
        f"""
        select test_name, test_kind, model_name, column_name, status, failure_count, message
        from raw.test_log where {where} order by test_name
        """
    )


def change(shop: Shop, *statements: str) -> None:
    with shop.open(read_only=False) as connection:
        for statement in statements:
            connection.execute(statement)


def test_each_kind_of_test_is_logged_with_what_it_is_on(built):
    assert log_of(built, f"test_name = '{RANGE_TEST}'") == [
        (RANGE_TEST, "data", "customer_rfm", "r_score", "pass", 0, None)
    ]
    assert log_of(built, f"test_name = '{UNIT_TEST}'") == [
        (UNIT_TEST, "unit", "cohort_retention", None, "pass", 0, None)
    ]
    assert log_of(built, "test_name = 'a_better_customer_never_has_a_lower_score'") == [
        ("a_better_customer_never_has_a_lower_score", "singular", "customer_rfm", None, "pass", 0,
         None)
    ]  # fmt: skip


def test_a_failing_test_is_logged_with_its_count_and_what_dbt_says_and_others_stay(shop):
    before = log_of(shop, f"test_name <> '{RANGE_TEST}'")
    change(
        shop,
        "update marts.customer_rfm set r_score = 6 "
        "where customer_id in (select customer_id from marts.customer_rfm order by 1 limit 3)",
    )
    done = shop.run("dbt", "test", "--select", RANGE_TEST, check=False)
    assert done.returncode == 1
    assert log_of(shop, f"test_name = '{RANGE_TEST}'") == [
        (RANGE_TEST, "data", "customer_rfm", "r_score", "fail", 3,
         "Got 3 results, configured to fail if != 0")
    ]  # fmt: skip
    assert log_of(shop, f"test_name <> '{RANGE_TEST}'") == before


def test_an_error_with_quotes_in_it_is_logged_as_it_was_said(shop):
    change(shop, "alter table marts.customer_rfm drop column r_score")
    shop.run("dbt", "test", "--select", RANGE_TEST, check=False)
    ((*_, status, _count, message),) = log_of(shop, f"test_name = '{RANGE_TEST}'")
    assert status == "error"
    assert 'Referenced column "r_score" not found' in message


def test_tests_that_are_gone_leave_the_log_and_those_that_did_not_run_stay(shop):
    names = [row[0] for row in log_of(shop, "true")]
    change(
        shop,
        "insert into raw.test_log "
        "select 'test.regulars.gone.1', 'gone', * exclude (test_id, test_name) "
        "from raw.test_log limit 1",
        "insert into raw.test_log select 'unit_test.regulars.cohort_retention.renamed', 'renamed', "
        f"* exclude (test_id, test_name) from raw.test_log where test_name = '{UNIT_TEST}'",
    )
    shop.run("dbt", "test", "--select", RANGE_TEST)
    # dbt does not say which unit tests there are; a build of their model does.
    assert [row[0] for row in log_of(shop, "true")] == sorted([*names, "renamed"])
    build_two_marts(shop)
    assert [row[0] for row in log_of(shop, "true")] == names


@pytest.mark.parametrize(
    "command", [["run", "--select", "cohort_retention"], ["seed", "--select", "order_statuses"]]
)
def test_a_command_without_tests_leaves_the_log_alone(shop, command):
    before = shop.rows("select * from raw.test_log order by test_id")
    shop.run("dbt", *command)
    assert shop.rows("select * from raw.test_log order by test_id") == before
