"""Amounts such as 1.234 that may mean 1234 are said, or refused where they must."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spoilt_files import EXPECTED
from two_readers import COLUMNS, FLAT, SALES

from orchestration.errors import InputError
from orchestration.loading.load import load_raw_files
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.read import parse_mapping

CODE = "amounts_like_thousands"
# No third digit but 0, so that each is an amount in cents, too.
THOUSANDS = ["900", "1.200", "35", "12.500", "2.000", "0"]


def write(folder: Path, prices: list[str], name: str = "sales.csv") -> None:
    lines = [
        [f"o{n}", f"2024-05-{n % 28 + 1:02} 10:00:00", f"p{n % 3}", "mug", "1", price]
        for n, price in enumerate(prices)
    ]
    if name.endswith(".parquet"):
        columns = [list(column) for column in zip(*lines, strict=True)]
        pq.write_table(pa.table(columns, names=list(COLUMNS)), folder / name)
        return
    rows = [",".join(f'"{value}"' if "," in value else value for value in line) for line in lines]
    (folder / name).write_text("\n".join([",".join(COLUMNS), *rows, ""]), encoding="utf-8")


def said_by_loader(folder: Path, allowed: int = 0) -> list[tuple]:
    """What is said, and how many amounts it is about."""
    with duckdb.connect() as connection:
        load_raw_files(
            connection, folder, tables=(SALES,), expectations=EXPECTED, max_rejected_rows=allowed
        )
        return connection.execute(
            "select message, affected_count from raw.input_findings where finding_code = ?", [CODE]
        ).fetchall()


def said_by_mapping(folder: Path, allowed: int = 0, text: str = FLAT) -> list[tuple]:
    """What is said, and how many amounts it is about."""
    with duckdb.connect() as connection:
        apply_mapping(connection, folder, parse_mapping(text), max_rejected_rows=allowed)
        return connection.execute(
            "select examples || ' ' || message, finding_count from raw.findings "
            "where finding_id = ?",
            [CODE],
        ).fetchall()


each_way = pytest.mark.parametrize("said", [said_by_loader, said_by_mapping])


@each_way
@pytest.mark.parametrize("name", ["sales.csv", "sales.parquet"])
def test_amounts_of_which_most_with_a_point_have_three_digits_behind_it_are_said(
    tmp_path, said, name
):
    write(tmp_path, THOUSANDS, name)
    ((message, count),) = said(tmp_path)
    assert count == 3
    assert f"{name}, {'line 3' if name.endswith('csv') else 'row 2'}, column price" in message
    assert "1.200" in message


@each_way
def test_a_single_amount_with_a_point_and_three_digits_behind_it_is_said(tmp_path, said):
    write(tmp_path, ["900", "35", "1.200", "7"])
    ((message, count),) = said(tmp_path)
    assert count == 1
    assert "line 4" in message


@each_way
@pytest.mark.parametrize(
    "prices",
    [
        ["58.90", "1.20", "3.5", "1200.00"],
        ["58.900", "0.950", "1.200"],  # thousandths, as 0.950 says
        ["58.900", "1234.500", "1.200"],
        ["58.90", "12.35", "7.20", "1.200"],  # most have two digits
        ["1", "2", "3"],
        ["58.900000000000006", "1.2000", "3.00"],
    ],
)
def test_amounts_that_are_surely_written_with_a_decimal_point_are_not_said(tmp_path, said, prices):
    write(tmp_path, prices)
    assert said(tmp_path) == []


@each_way
@pytest.mark.parametrize("sure", ["1.234,56", "1.234.567", "12.345,00", "-1.234,5"])
def test_a_point_that_surely_parts_thousands_is_refused_however_many_rows_may_be_rejected(
    tmp_path, said, sure
):
    write(tmp_path, [*THOUSANDS, sure])
    with pytest.raises(InputError) as caught:
        said(tmp_path, allowed=10)
    message = str(caught.value)
    assert message.startswith("sales.csv, line 3, column price: '1.200' would be read")
    assert "so it means 1200." in message


@each_way
def test_the_line_is_right_behind_rows_that_were_set_aside(tmp_path, said):
    write(tmp_path, ["7", "x", "y", "8", "2.000", "9"])
    ((message, _),) = said(tmp_path, allowed=2)
    assert "line 6, column price" in message


def test_an_amount_that_cannot_be_read_is_named_with_what_it_may_mean(tmp_path):
    write(tmp_path, ["58.90", "1.234"])
    with pytest.raises(InputError, match=r"line 3, column price: '1\.234' .* write 1234\."):
        said_by_loader(tmp_path)
    write(tmp_path, ["58.90", "1.234,56"])
    with pytest.raises(InputError, match=r"column price: '1\.234,56' .* write 1234\.56\."):
        said_by_loader(tmp_path)


def test_amounts_are_said_again_when_an_unchanged_file_is_not_loaded_again(tmp_path):
    write(tmp_path, THOUSANDS)
    with duckdb.connect() as connection:
        for _ in range(2):
            load_raw_files(connection, tmp_path, tables=(SALES,), expectations=EXPECTED)
            codes = connection.execute("select finding_code from raw.input_findings").fetchall()
            assert (CODE,) in codes


def test_a_mapped_decimal_comma_with_three_digits_behind_it_is_said(tmp_path):
    write(tmp_path, [price.replace(".", ",") for price in THOUSANDS])
    ((message, count),) = said_by_mapping(tmp_path, text=FLAT + 'decimal_mark: ","\n')
    assert count == 3
    assert "line 3, column price: 1,200" in message


def test_amounts_with_the_stated_thousands_mark_are_not_said(tmp_path):
    write(tmp_path, [*THOUSANDS, "1.234,56"])
    marks = 'decimal_mark: ","\nthousands_mark: "."\n'
    assert said_by_mapping(tmp_path, text=FLAT + marks) == []


def test_numbers_that_a_parquet_file_stores_as_such_are_not_said(tmp_path):
    write(tmp_path, ["1.5"], "sales.parquet")
    table = pq.read_table(tmp_path / "sales.parquet")
    prices = pa.array([1.234], pa.float64())
    place = table.column_names.index("price")
    pq.write_table(table.set_column(place, "price", prices), tmp_path / "sales.parquet")
    assert said_by_mapping(tmp_path) == []
