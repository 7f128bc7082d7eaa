"""Files named nearly right, parts beside them, and first lines that are no header: it is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import CUSTOMERS, ORDERS, REVIEWS, SELLERS
from spoilt_files import of, put

from orchestration.errors import InputError, WarehouseError
from orchestration.paths import check_database_path

OTHER = ORDERS.replace("orders", "closed_deals")


@pytest.mark.parametrize(
    "name",
    [f"{ORDERS} (1).csv", f"{ORDERS}_2019.csv", f"{ORDERS}_2.csv.gz",
     f"{ORDERS.removesuffix('_dataset')}_2019.csv", f"old {ORDERS}.xlsx"],
)  # fmt: skip
def test_a_second_part_beside_the_file_is_said_by_name(load, folder, name):
    (folder / name).write_text("order_id\n1\n", encoding="utf-8")
    (finding,) = load()
    assert (finding["finding_code"], finding["found_value"]) == ("second_file", name)
    assert f"{name} lies beside {ORDERS}.csv" in finding["message"]


@pytest.mark.parametrize("name", [f"{OTHER}.csv", "README.md", f"{ORDERS}.md", "notes.txt"])
def test_another_file_beside_the_files_is_not_said(load, folder, name):
    (folder / name).write_text("x\n", encoding="utf-8")
    assert load() == []


@pytest.mark.parametrize("name", [f"{REVIEWS}.CSV", f"{REVIEWS.upper()}.csv"])
def test_a_file_in_another_case_is_read(load, folder, warehouse, name):
    (folder / f"{REVIEWS}.csv").rename(folder / name)
    assert load() == []
    assert warehouse.execute("select count(*) > 0 from raw.order_reviews").fetchall() == [(True,)]


@pytest.mark.parametrize("suffix", [".csv.zip", ".xlsx", ".tsv", ".csv.txt", ".csv.bz2", ".txt"])
def test_an_optional_file_with_another_suffix_is_named(load, folder, suffix):
    (folder / f"{REVIEWS}.csv").rename(folder / f"{REVIEWS}{suffix}")
    with pytest.raises(InputError, match=f"{REVIEWS}.csv is missing") as caught:
        load()
    assert f"{REVIEWS}{suffix}" in str(caught.value)


@pytest.mark.parametrize("line", ["sep=,", "", "Our shop, 2018", "1,2,3,4,5"])
def test_a_first_line_that_is_no_header_is_called_so(load, folder, line):
    path = folder / f"{CUSTOMERS}.csv"
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is no header"):
        load()


def test_a_header_in_upper_case_is_called_so(load, folder):
    path = folder / f"{CUSTOMERS}.csv"
    header, _, rows = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(f"{header.upper()}\n{rows}", encoding="utf-8")
    with pytest.raises(InputError, match="differ in case or blanks only: 'CUSTOMER_ID' for"):
        load()


def test_two_ignored_columns_of_one_name_are_no_fault(load, folder):
    path = folder / f"{SELLERS}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"{lines[0]},note,note,,"] + [f"{x},,,," for x in lines[1:]]))
    assert load() == []


def test_a_column_that_stands_twice_in_a_parquet_file_is_refused(load, folder):
    path = folder / f"{SELLERS}.csv"
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    path.unlink()
    names = [name.strip('"') for name in lines[0]]
    columns = [pa.array(column) for column in zip(*lines[1:], strict=True)]
    pq.write_table(
        pa.Table.from_arrays([*columns, columns[0]], names=[*names, names[0]]),
        folder / f"{SELLERS}.parquet",
    )
    with pytest.raises(InputError, match="'seller_id' stands there more than once"):
        load()


def test_a_file_in_utf_32_is_called_so(load, folder):
    path = folder / f"{SELLERS}.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-32")
    with pytest.raises(InputError, match="UTF-32"):
        load()


def test_zeros_after_packed_data_change_nothing(load, folder):
    path = folder / f"{SELLERS}.csv"
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    (folder / f"{SELLERS}.csv.gz").write_bytes(packed + bytes(512))
    assert load() == []


def test_the_remedy_for_a_status_names_it_without_tabs(load, folder):
    put(folder, ORDERS, "order_status", "lost\t")
    (finding,) = of(load(), "unknown_order_status")
    assert "begins with 'lost'" in finding["remedy"]


@pytest.mark.parametrize("path", [":memory:", "md:shop", "motherduck:x", "s3://bucket/x.duckdb"])
def test_a_warehouse_that_is_no_file_is_refused(path):
    with pytest.raises(WarehouseError, match="it must be a file"):
        check_database_path(Path(path))
