"""The publish gate: which tests guard the marts, and whose results still count."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from orchestration.assets.warehouse import DBT
from orchestration.content_digests import CONTENT_DIGEST
from orchestration.errors import PublishError
from orchestration.gate import find_guarding_tests, require_publishable

AS_OF = date(2018, 8, 30)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MARTS = {("marts", "customer_rfm"), ("marts", "build_info")}


def node(kind, schema, name, **more):
    return {"resource_type": kind, "schema": schema, "alias": name, "name": name, **more}


def dbt_test(name, *parents, severity="ERROR"):
    return node(
        "test", "", name, config={"severity": severity}, depends_on={"nodes": list(parents)}
    )  # fmt: skip


MANIFEST = {
    "nodes": {
        "model.rfm": node("model", "marts", "customer_rfm"),
        "model.stg": node("model", "staging", "stg_orders"),
        "test.marts": dbt_test("every_customer_is_there", "model.rfm", "source.orders"),
        "test.source": dbt_test("every_order_has_a_date", "source.orders"),
        "test.staging": dbt_test("staged_orders_are_unique", "model.stg"),
        "test.warning": dbt_test("figures_are_as_published", "model.rfm", severity="warn"),
        "test.log": dbt_test("every_load_is_logged", "source.log"),
    },
    "sources": {
        "source.orders": node("source", "raw", "orders", source_name="shop", identifier="orders"),
        "source.log": node("source", "raw", "load_log", source_name="logs", identifier="load_log"),
    },
}


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "regulars.duckdb"
    with duckdb.connect(str(path)) as connection:
        for schema in ("raw", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table raw.orders as select 1 as order_id")
        connection.execute("create table marts.customer_rfm as select 'ana' as customer_id")
        connection.execute(f"create table marts.build_info as select date '{AS_OF}' as as_of_date")
        connection.execute(
            "create table raw.test_log "
            "(test_id varchar, status varchar, content_digest varchar, tested_at timestamp)"
        )
        connection.execute(
            "create table raw.model_log (model_name varchar, schema_name varchar, as_of_date date)"
        )
        connection.execute(f"insert into raw.model_log values ('build_info', 'marts', '{AS_OF}')")
    return path


class Dbt:
    """Logs a result for each test that it is asked to run, as the hook of a dbt run does."""

    def __init__(self, path, tests, statuses=None, refusal=""):
        self.path, self.tests = path, tests
        self.statuses, self.refusal = statuses or {}, refusal
        self.calls = []

    def __call__(self, test_ids, as_of_date):
        self.calls.append((sorted(test_ids), as_of_date))
        if self.refusal:
            return self.refusal
        with duckdb.connect(str(self.path)) as connection:
            for test in self.tests:
                if test.test_id in test_ids:
                    digests = [
                        f"({CONTENT_DIGEST} from {schema}.{name})"
                        for _, (schema, name) in sorted(test.tables.items())
                    ]
                    connection.execute("delete from raw.test_log where test_id = ?", [test.test_id])
                    connection.execute(
                        f"insert into raw.test_log select ?, ?, md5('{as_of_date}; ' || "
                        + " || '; ' || ".join(digests)
                        + "), ?",
                        [test.test_id, self.statuses.get(test.name, "pass"), NOW],
                    )
        return ""


def require(warehouse, tests, dbt, changed_at=NOW - timedelta(days=1), marts=MARTS):
    return require_publishable(warehouse, tests, dbt, marts=marts, changed_at=changed_at)


@pytest.fixture
def tests():
    return find_guarding_tests(MANIFEST)


def test_guarding_tests_are_those_of_severity_error_on_what_marts_are_made_of(tests):
    assert [test.name for test in tests] == ["every_customer_is_there", "every_order_has_a_date"]
    assert tests[0].tables == {
        "model.rfm": ("marts", "customer_rfm"),
        "source.orders": ("raw", "orders"),
    }


def test_a_test_without_a_result_is_run_as_of_the_date_of_the_marts(warehouse, tests):
    dbt = Dbt(warehouse, tests)
    gate = require(warehouse, tests, dbt)
    assert dbt.calls == [(["test.marts", "test.source"], AS_OF)]
    assert (gate.test_count, gate.rerun_count) == (2, 2)


def test_a_result_counts_as_long_as_its_tables_hold_what_they_held(warehouse, tests):
    dbt = Dbt(warehouse, tests)
    require(warehouse, tests, dbt)
    assert require(warehouse, tests, dbt).rerun_count == 0
    with duckdb.connect(str(warehouse)) as connection:  # the same rows, in a new table
        connection.execute("create or replace table raw.orders as select 1 as order_id")
    assert require(warehouse, tests, dbt).rerun_count == 0
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.customer_rfm set customer_id = 'bruno'")
    assert require(warehouse, tests, dbt).rerun_count == 1
    assert dbt.calls[1:] == [(["test.marts"], AS_OF)]


def test_a_failing_test_is_named_and_stays_a_refusal_without_being_run_again(warehouse, tests):
    dbt = Dbt(warehouse, tests, {"every_order_has_a_date": "fail"})
    for _ in range(2):
        with pytest.raises(
            PublishError,
            match="1 of 2 tests that guard the marts does not pass: every_order_has_a_date",
        ):
            require(warehouse, tests, dbt)
    assert len(dbt.calls) == 1


def test_a_test_that_could_not_be_run_is_no_pass(warehouse, tests):
    """And what dbt says is said: it may have found the file in use."""
    with pytest.raises(PublishError, match=r"2 of 2 tests .* could not be run .*: file is in use"):
        require(warehouse, tests, Dbt(warehouse, tests, refusal="file is in use"))


def test_a_test_that_ended_in_an_error_is_run_again(warehouse, tests):
    with pytest.raises(PublishError, match=r"1 of 2 tests .* could not be run"):
        require(warehouse, tests, Dbt(warehouse, tests, {"every_order_has_a_date": "error"}))
    assert require(warehouse, tests, Dbt(warehouse, tests)).rerun_count == 1


def test_a_result_counts_for_the_date_of_the_marts_only(warehouse, tests):
    """A bare `dbt test` may be as of another date than the build."""
    dbt = Dbt(warehouse, tests)
    dbt([test.test_id for test in tests], date(2018, 3, 1))
    assert require(warehouse, tests, dbt).rerun_count == 2


def test_a_result_that_is_older_than_the_tests_of_the_project_counts_no_more(warehouse, tests):
    dbt = Dbt(warehouse, tests)
    require(warehouse, tests, dbt)
    with pytest.raises(PublishError, match="could not be run"):
        require(warehouse, tests, dbt, changed_at=NOW + timedelta(seconds=1))
    assert len(dbt.calls) == 2


def test_a_mart_that_has_left_the_project_does_not_count(warehouse, tests):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into raw.model_log values ('old_mart', 'marts', '2018-03-01')")
    require(warehouse, tests, Dbt(warehouse, tests))


def test_a_mart_that_has_left_its_schema_does_not_count_in_the_former_one(warehouse, tests):
    stale, dbt = ("leak_meter", "marts", "2018-03-01"), Dbt(warehouse, tests)
    marts = {*MARTS, ("marts_ml", "leak_meter")}
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into raw.model_log values (?, ?, ?)", stale)
    require(warehouse, tests, dbt, marts=marts)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update raw.model_log set schema_name = 'marts_ml' "
                           "where model_name = 'leak_meter'")  # fmt: skip
    with pytest.raises(PublishError, match=r"leak_meter is as of 2018-03-01; .*2018-08-30"):
        require(warehouse, tests, dbt, marts=marts)


def test_a_table_that_is_gone_is_no_pass(warehouse, tests):
    dbt = Dbt(warehouse, tests)
    require(warehouse, tests, dbt)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table marts.customer_rfm")
    with pytest.raises(PublishError, match="every_customer_is_there"):
        require(warehouse, tests, Dbt(warehouse, tests, refusal="no such table"))


def test_marts_that_were_built_as_of_other_dates_are_named(warehouse, tests):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "insert into raw.model_log values ('customer_rfm', 'marts', '2018-03-01'), "
            "('customer_labels', 'features', '2017-01-01')"
        )
    with pytest.raises(PublishError, match=r"customer_rfm is as of 2018-03-01; .*2018-08-30"):
        require(warehouse, tests, Dbt(warehouse, tests))


def test_without_marts_the_build_comes_first(warehouse, tests):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table marts.build_info")
    with pytest.raises(PublishError, match=r"no marts .* run `regulars build` first"):
        require(warehouse, tests, Dbt(warehouse, tests))


def test_after_a_whole_build_every_guarding_test_has_passed_on_what_is_there(demo):
    """The digests that dbt logs are those that the gate computes; else tests would be run."""

    tests = find_guarding_tests(DBT.manifest)
    assert len(tests) > 600
    dbt = Dbt(demo.warehouse, [], refusal="nothing was to be run")
    assert require(demo.warehouse, tests, dbt).rerun_count == 0
    assert dbt.calls == []


def test_marts_that_disagree_or_fail_a_test_reach_no_reader_and_a_bare_dbt_run_does(demo, tmp_path):
    """With the commands that people type."""
    shop = demo.copy_to(tmp_path)
    shop.run("regulars", "publish")
    published = tmp_path / "published" / "regulars.duckdb"
    before = published.read_bytes()

    def refusals():
        for step in ("publish", "report"):
            done = shop.run("regulars", step, check=False)
            assert done.returncode == 1
            yield " ".join(done.stderr.split())

    earlier = {"REGULARS_AS_OF_DATE": "2018-03-01"}
    shop.run("dbt", "build", "--select", "customer_rfm", check=False, **earlier)
    for refusal in refusals():
        assert "customer_rfm is as of 2018-03-01" in refusal
        assert "as of 2018-08-30" in refusal
    with shop.open(read_only=False) as connection:
        connection.execute("delete from raw.model_log where model_name = 'customer_rfm'")
    for refusal in refusals():  # the dates in the marts say it, too
        assert "every_mart_is_as_of_the_same_date" in refusal
    assert published.read_bytes() == before
    assert not (tmp_path / "site").exists()

    shop.run("dbt", "run")
    with shop.open(read_only=False) as connection:
        connection.execute(
            "update marts.customer_rfm set monetary_amount = monetary_amount + 0.01 "
            "where customer_id = (select min(customer_id) from marts.customer_rfm)"
        )
    for refusal in refusals():
        assert "money_is_conserved_customer_360" in refusal
    shop.run("dbt", "run", "--select", "customer_rfm")
    shop.run("regulars", "publish")
    shop.run("regulars", "report")
