"""The published copy: the marts and nothing else, whole, and never in a reader's way."""

import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pytest

from orchestration import warehouse_file
from orchestration.errors import PublishError, WarehouseError
from orchestration.publishing import STORAGE_VERSION, publish_marts

MARTS = [
    ("marts", "customer_segments"),
    ("marts", "customers"),
    ("marts", "orders"),
    ("marts_ml", "leak_meter"),
]

# Opens a file as a BI tool does, says so, and answers a query for each line that it is sent.
READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
for line in sys.stdin:
    print(connection.execute(line).fetchall(), flush=True)
"""
# Publishes, and is killed when it has copied the first mart.
KILLED = """
import os, sys
from pathlib import Path
from orchestration.publishing import publish_marts
publish_marts(Path(sys.argv[1]), Path(sys.argv[2]), progress=lambda message: os._exit(9))
"""


class StopHereError(Exception):
    """What a test raises in the middle."""


def run_sql(path, *statements):
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def read(path, query):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def warehouse(tmp_path):
    """A warehouse with four marts, one of them empty, and two other schemas."""
    path = tmp_path / "regulars.duckdb"
    run_sql(
        path,
        "create schema raw",
        "create schema canonical",
        "create schema marts",
        "create table raw.orders as select 1 as secret",
        "create table canonical.customers as select 2 as secret",
        "create table main_table as select 3 as secret",
        """
        create table marts.orders as
        select
            'o' || (range * 7919 % 1000) as order_id,
            case when range % 3 > 0 then (range / 7)::decimal(18, 2) end as paid_amount,
            range / 3e0 as share,
            date '2018-01-01' + range::integer as order_date,
            timestamp '2018-01-01 10:00:00' + to_seconds(range) as ordered_at,
            range % 2 = 0 as is_even
        from range(1000)
        union all
        select 'twice', 1, 1, date '2018-01-01', null, true from range(2)
        """,
        "create table marts.customers as select 1 as customer_id, 'Ana ''A'' ü' as name",
        "create table marts.customer_segments (customer_id varchar, segment_id integer)",
        "create schema marts_ml",
        "create table marts_ml.leak_meter as select 'random split' as practice, 0.9e0 as roc_auc",
        "comment on column marts_ml.leak_meter.roc_auc is 'What it claims.'",
        "comment on table marts.customers is 'One row per person''s name.'",
        "comment on column marts.customers.name is 'As they write it.'",
    )
    return path


@pytest.fixture
def published(tmp_path):
    return tmp_path / "published"


@contextmanager
def reader_process(path):
    """Another process that holds a file open; yields what asks it a query."""
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "open\n"

        def ask(query):
            process.stdin.write(query + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield ask
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def files(folder):
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_nothing_stray(folder):
    """The database, the link and the folder that it leads to; nothing else, hidden or not."""
    link = folder / "parquet"
    assert {path.name for path in folder.iterdir()} == {
        "regulars.duckdb", "parquet", str(link.readlink())
    }  # fmt: skip


def test_the_marts_are_published_and_nothing_else(warehouse, published):
    counts = publish_marts(warehouse, published)
    assert counts == {"customer_segments": 0, "customers": 1, "leak_meter": 1, "orders": 1002}
    tables = read(
        published / "regulars.duckdb",
        "select schema_name, table_name from duckdb_tables() order by all",
    )
    assert tables == MARTS
    assert visible(published) == ["parquet", "regulars.duckdb"]
    assert visible(published / "parquet") == sorted(f"{name}.parquet" for _, name in MARTS)
    assert_nothing_stray(published)


@pytest.mark.parametrize(("schema", "mart"), MARTS)
def test_both_copies_have_the_rows_and_types_of_the_source(warehouse, published, schema, mart):
    publish_marts(warehouse, published)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as source (read_only)")
        connection.execute(f"attach '{published / 'regulars.duckdb'}' as copy (read_only)")
        source = f"source.{schema}.{mart}"
        for copy in (f"copy.{schema}.{mart}", f"'{published / 'parquet' / mart}.parquet'"):
            describe = "select column_name, column_type from (describe from {})"
            assert (
                connection.execute(describe.format(copy)).fetchall()
                == connection.execute(describe.format(source)).fetchall()
            )
            for one, other in ((source, copy), (copy, source)):
                difference = connection.execute(f"from {one} except all from {other}").fetchall()
                assert difference == []


def test_parquet_readers_find_every_mart_by_a_pattern(warehouse, published):
    publish_marts(warehouse, published)
    with duckdb.connect() as connection:
        counts = connection.execute(
            "select parse_filename(filename, true), count(*) from "
            f"read_parquet('{published}/parquet/*.parquet', union_by_name = true, filename = true) "
            "group by all order by all"
        ).fetchall()
    # One of them has no rows.
    assert counts == [("customers", 1), ("leak_meter", 1), ("orders", 1002)]


def test_the_copy_is_in_the_storage_version_that_every_duckdb_1_reads(warehouse, published):
    publish_marts(warehouse, published)
    ((tags,),) = read(
        published / "regulars.duckdb",
        "select tags from duckdb_databases() where database_name = 'regulars'",
    )
    assert STORAGE_VERSION == "v1.0.0"
    assert tags["storage_version"].startswith("v1.0.0")
    # The file's own header: after checksum and magic bytes, the number that DuckDB 1.0 writes.
    header = (published / "regulars.duckdb").read_bytes()[:20]
    assert (header[8:12], int.from_bytes(header[12:20], "little")) == (b"DUCK", 64)


def test_descriptions_of_marts_and_columns_are_published_too(warehouse, published):
    publish_marts(warehouse, published)
    copy = published / "regulars.duckdb"
    tables = read(copy, "select comment from duckdb_tables() order by table_name")
    columns = read(copy, "select comment from duckdb_columns() where table_name = 'customers'")
    assert tables == [(None,), ("One row per person's name.",), (None,), (None,)]
    assert columns == [(None,), ("As they write it.",)]


def test_a_reader_of_the_old_copy_never_blocks_and_keeps_its_rows(warehouse, published):
    publish_marts(warehouse, published)
    copy = published / "regulars.duckdb"
    with reader_process(copy) as ask:
        assert ask("select customer_id from marts.customers") == "[(1,)]"
        run_sql(warehouse, "update marts.customers set customer_id = 2", "delete from marts.orders")
        counts = publish_marts(warehouse, published)
        assert counts["orders"] == 0
        # Not read before, so not from a cache.
        assert (
            ask("select count(*), count(distinct order_id) from marts.orders") == "[(1002, 1001)]"
        )
        assert ask("select customer_id from marts.customers") == "[(1,)]"
        with reader_process(copy) as ask_anew:
            assert ask_anew("select customer_id from marts.customers") == "[(2,)]"
    assert_nothing_stray(published)


def test_a_reader_of_an_old_parquet_file_keeps_its_rows(warehouse, published):
    publish_marts(warehouse, published)
    place = published / "parquet" / "customers.parquet"
    before = place.read_bytes()
    with place.open("rb") as held:
        run_sql(warehouse, "update marts.customers set customer_id = 2")
        publish_marts(warehouse, published)
        assert held.read() == before
    assert place.read_bytes() != before


def test_a_mart_that_is_gone_is_no_longer_published(warehouse, published):
    publish_marts(warehouse, published)
    run_sql(warehouse, "drop table marts.customer_segments")
    publish_marts(warehouse, published)
    assert visible(published / "parquet") == [
        "customers.parquet", "leak_meter.parquet", "orders.parquet",
    ]  # fmt: skip
    assert_nothing_stray(published)


def test_a_mart_whose_needs_the_source_does_not_supply_is_not_published(warehouse, published):
    run_sql(
        warehouse,
        "create table canonical.capabilities (capability varchar, is_supplied boolean)",
        "insert into canonical.capabilities values ('payments', true), ('reviews', false)",
    )
    needs = {
        ("marts", "customers"): set(),
        ("marts", "orders"): {"payments"},
        ("marts", "customer_segments"): {"reviews"},
    }
    assert set(publish_marts(warehouse, published, needs=needs)) == {"customers", "orders"}
    needs["marts", "orders"] = {"payments", "reviews"}
    assert set(publish_marts(warehouse, published, needs=needs)) == {"customers"}
    assert visible(published / "parquet") == ["customers.parquet"]


def test_a_mart_that_has_left_the_project_is_not_published(warehouse, published):
    run_sql(
        warehouse,
        "create table canonical.capabilities (capability varchar, is_supplied boolean)",
    )
    needs = {("marts", "customers"): ()}
    assert set(publish_marts(warehouse, published, needs=needs)) == {"customers"}


def test_what_a_mart_left_behind_in_its_former_schema_is_not_published(warehouse, published):
    run_sql(
        warehouse,
        "create table canonical.capabilities (capability varchar, is_supplied boolean)",
        "create table marts.leak_meter as select 'stale' as practice from range(9)",
    )
    with pytest.raises(PublishError, match=r"marts\.leak_meter and marts_ml\.leak_meter have one"):
        publish_marts(warehouse, published)
    counts = publish_marts(warehouse, published, needs=dict.fromkeys(MARTS, ()))
    assert counts["leak_meter"] == 1
    rows = read(published / "regulars.duckdb", "select practice from marts_ml.leak_meter")
    assert rows == [("random split",)]


def test_a_mart_may_have_the_name_of_a_keyword(warehouse, published):
    run_sql(warehouse, 'create table marts."order" as select 5 as n')
    assert publish_marts(warehouse, published)["order"] == 1
    assert read(published / "regulars.duckdb", 'from marts."order"') == [(5,)]


def test_progress_is_told_once_per_mart(warehouse, published):
    messages = []
    publish_marts(warehouse, published, progress=messages.append)
    assert messages == [
        "customer_segments: 0 rows", "customers: 1 rows", "orders: 1,002 rows",
        "leak_meter: 1 rows",
    ]  # fmt: skip


# Failures


def test_a_mart_that_cannot_be_written_leaves_the_old_copy(warehouse, published):
    publish_marts(warehouse, published)
    before = files(published)
    # Its Parquet file would lie in a folder that is not there.
    run_sql(warehouse, "delete from marts.customers", 'create table marts."no/where" as select 1')
    with pytest.raises(
        PublishError, match=r"published/ \(.*no/where.*the former copy still stands"
    ):
        publish_marts(warehouse, published)
    assert files(published) == before
    assert_nothing_stray(published)


def test_an_interrupted_publication_leaves_the_old_copy(warehouse, published):
    publish_marts(warehouse, published)
    before = files(published)
    run_sql(warehouse, "delete from marts.customers", "delete from marts.orders")

    def stop(message):
        if message.startswith("customers"):
            raise StopHereError

    with pytest.raises(StopHereError):
        publish_marts(warehouse, published, progress=stop)
    assert files(published) == before
    assert_nothing_stray(published)


def test_what_a_killed_publication_left_is_gone_after_the_next(warehouse, published):
    publish_marts(warehouse, published)
    before = files(published)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(warehouse), str(published)], check=False
    )
    assert killed.returncode == 9
    left = files(published)
    assert before.items() < left.items()
    publish_marts(warehouse, published)
    assert_nothing_stray(published)


def test_a_log_left_by_a_killed_writer_is_not_replayed_into_the_new_copy(warehouse, published):
    publish_marts(warehouse, published)
    copy = published / "regulars.duckdb"
    writer = (
        "import duckdb, os, sys; connection = duckdb.connect(sys.argv[1]);"
        "connection.execute('insert into marts.customers values (666, null)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", writer, str(copy)], check=True)
    assert (published / "regulars.duckdb.wal").exists()
    publish_marts(warehouse, published)
    assert read(copy, "select customer_id from marts.customers") == [(1,)]
    assert_nothing_stray(published)


@pytest.mark.parametrize("drop", ["drop schema marts cascade", "drop table marts.orders"])
def test_a_warehouse_without_marts_is_not_published(tmp_path, published, drop):
    path = tmp_path / "regulars.duckdb"
    run_sql(path, "create schema marts", "create table marts.orders as select 1", drop)
    with pytest.raises(PublishError, match="no marts to publish; run `dbt build` first"):
        publish_marts(path, published)
    assert not published.exists()


def test_a_missing_warehouse_is_said_to_be_missing_and_not_made(tmp_path, published):
    with pytest.raises(WarehouseError, match=r"no warehouse at .*; run `regulars build` first"):
        publish_marts(tmp_path / "regulars.duckdb", published)
    assert list(tmp_path.iterdir()) == []


def test_readers_of_the_warehouse_do_not_hinder_publication(warehouse, published, monkeypatch):
    monkeypatch.setattr(warehouse_file, "LOCK_PATIENCE", 0.0)
    with reader_process(warehouse) as ask:
        assert publish_marts(warehouse, published)["customers"] == 1
        assert ask("select secret from raw.orders") == "[(1,)]"
