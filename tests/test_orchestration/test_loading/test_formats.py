"""A file is read as what its bytes say, or named as that; a header inside of it is found."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import InputError
from orchestration.loading.load import load_raw_files
from orchestration.loading.tables import RawTable

SELLERS = RawTable("sellers", "sellers", {"id": "VARCHAR", "city": "VARCHAR"})
TYPED = RawTable("sellers", "sellers", {"id": "VARCHAR", "score": "INTEGER", "city": "VARCHAR"})
KEYED = RawTable("sellers", "sellers", dict(SELLERS.columns), {"seller_key": "id"})
CSV = b"id,city\ns1,recife\ns2,natal\n"
ROWS = [("s1", "recife"), ("s2", "natal")]


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"id": ["s1", "s2"], "city": ["recife", "natal"]}), stream)
    return stream.getvalue()


def archive(member: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archived:
        archived.writestr(member, CSV)
    return stream.getvalue()


def load(folder: Path, name: str, content: bytes, table: RawTable = SELLERS, allowed: int = 0):
    """The rows of the table, the rows set aside, and what was said."""
    (folder / name).write_bytes(content)
    messages: list[str] = []
    with duckdb.connect() as connection:
        load_raw_files(
            connection, folder, tables=(table,), max_rejected_rows=allowed, progress=messages.append
        )
        rows = connection.execute("select * from raw.sellers").fetchall()
        rejected = connection.execute("select line_number, reason from raw.rejected_rows")
        return rows, rejected.fetchall(), messages[0]


@pytest.mark.parametrize("name", ["sellers.csv", "sellers.csv.gz", "sellers.parquet"])
def test_packed_text_and_parquet_are_read_as_such_under_any_name(tmp_path, name):
    rows, _, message = load(tmp_path, name, gzip.compress(CSV))
    assert rows == ROWS
    assert message.endswith(", read as text packed by gzip") == (name != "sellers.csv.gz")
    rows, _, message = load(tmp_path, name, parquet())
    assert rows == ROWS
    assert message.endswith(", read as Parquet") == (name != "sellers.parquet")


@pytest.mark.parametrize("name", ["sellers.csv", "sellers.csv.gz", "sellers.parquet"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        (archive("sellers.csv"), "a ZIP archive"),
        (archive("xl/workbook.xml"), "an Excel workbook (.xlsx)"),
        (archive("content.xml"), "an OpenDocument spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook (.xls)"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "packed by zstd"),
        (b"BZh91AY&SY" + bytes(60), "packed by bzip2"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\n<!DOCTYPE html><html>Please log in</html>", "a web page"),
        (b'{"id": "s1"}\n', "JSON"),
        (gzip.compress(gzip.compress(CSV)), "another file packed by gzip"),
        (gzip.compress(parquet()), "holds Parquet"),
        (gzip.compress(archive("xl/workbook.xml")), "ZIP archive"),
        (gzip.compress(bytes(257) + b"ustar" + bytes(300)), "a tar archive"),
    ],
    # Not by the bytes: packed ones differ from second to second.
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_what_is_not_read_is_named_as_what_it_is(tmp_path, name, content, named):
    with pytest.raises(InputError) as caught:
        load(tmp_path, name, content)
    assert str(caught.value).startswith(name)
    assert named in str(caught.value)
    assert "UTF-16" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "rename"), [("sellers.csv.gz", "sellers.csv"), ("sellers.parquet", "sellers.csv")]
)
def test_plain_text_under_another_name_is_named_with_the_right_one(tmp_path, name, rename):
    with pytest.raises(InputError, match=f"plain text.* call it {rename}[. ]"):
        load(tmp_path, name, CSV)


def test_a_zero_byte_in_text_is_not_called_utf_16(tmp_path):
    with pytest.raises(
        InputError, match=r"sellers\.csv, line 1: expected text, but byte 4 is 0x00"
    ):
        load(tmp_path, "sellers.csv", b"id,\0city\ns1,recife\n")


def test_a_column_that_begins_like_another_format_is_a_column(tmp_path):
    for name in ("ORCAMENTO", "PARENT_ID", "[note]", "BZh", "PK"):
        rows, _, _ = load(tmp_path, "sellers.csv", f"{name},id,city\nx,s1,recife\n".encode())
        assert rows == ROWS[:1]


def test_a_column_whose_name_has_a_line_break_is_one_column(tmp_path):
    content = b'id,"price\nin R$",city\ns1,5,recife\n"s2",6,natal\n'
    assert load(tmp_path, "sellers.csv", content)[0] == ROWS


# A header inside of a file


@pytest.mark.parametrize(
    "header", [b"id,city", b"ID,City", b'"id","city"', b"\xef\xbb\xbfid,city", b" id,city "]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_inside_of_a_file_is_named_with_its_line_or_set_aside(tmp_path, header, packed):
    content = b'id,city\ns1,"re\ncife"\n' + header + b"\ns2,natal\n" + header + b"\n"
    content = gzip.compress(content) if packed else content
    with pytest.raises(InputError, match=r"sellers\.csv, line 4: the header stands here once more"):
        load(tmp_path, "sellers.csv", content)
    rows, rejected, _ = load(tmp_path, "sellers.csv", content, allowed=2)
    assert rows == [("s1", "re\ncife"), ("s2", "natal")]
    assert [line for line, _ in rejected] == [4, 6]


def test_a_header_above_numbers_is_called_a_header_and_not_a_bad_number(tmp_path):
    content = b"id,score,city\ns1,5,recife\nid,score,city\ns2,4,natal\n"
    with pytest.raises(InputError, match=r"sellers\.csv, line 3: the header stands here once more"):
        load(tmp_path, "sellers.csv", content, TYPED)
    rows, rejected, _ = load(tmp_path, "sellers.csv", content, TYPED, allowed=1)
    assert rows == [("s1", 5, "recife"), ("s2", 4, "natal")]
    assert [line for line, _ in rejected] == [3]


@pytest.mark.parametrize("table", [SELLERS, TYPED], ids=["texts", "numbers"])
def test_a_header_in_another_order_stops_the_load_however_many_rows_may_be_rejected(
    tmp_path, table
):
    names, values = list(table.columns), ["s1", "recife", "5"]
    if table is TYPED:
        values = ["s1", "5", "recife"]
    lines = [names, values[: len(names)], names[::-1], values[: len(names)][::-1]]
    content = "\n".join(",".join(line) for line in lines).encode()
    with pytest.raises(InputError, match=r"line 3: another header stands here"):
        load(tmp_path, "sellers.csv", content, table, allowed=1_000)


def test_a_city_called_city_is_no_header(tmp_path):
    rows, rejected, _ = load(tmp_path, "sellers.csv", b"id,city\ncity,recife\ns2,city\n")
    assert (rows, rejected) == ([("city", "recife"), ("s2", "city")], [])


def test_a_message_is_one_line_of_a_length_that_can_be_read_whatever_the_header_holds(tmp_path):
    for content in (b'"a\nb",city\ns1,recife\n', b"x" * 1_000_000 + b";city\n", b"id,city\n,x\n"):
        with pytest.raises(InputError) as caught:
            load(tmp_path, "sellers.csv", content, KEYED)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 3_000
