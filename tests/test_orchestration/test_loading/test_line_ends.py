r"""A bare ``\r`` is part of a value within quotes, and named with its place outside of them."""

from __future__ import annotations

import gzip
import re

import pytest
from two_readers import COLUMNS, READERS, ROWS, text_of

from orchestration.errors import InputError

each_reader = pytest.mark.parametrize("read", READERS)
each_end = pytest.mark.parametrize("end", ["\n", "\r\n"])


def with_value(column: str, value: str) -> tuple[str, ...]:
    row = list(ROWS[0])
    row[COLUMNS.index(column)] = value
    return tuple(row)


def refusal(read, folder, text: str, name: str = "sales.csv") -> str:
    content = text.encode()
    with pytest.raises(InputError) as caught:
        read(folder, name, gzip.compress(content) if name.endswith(".gz") else content)
    message = str(caught.value)
    assert message.startswith(f"{name}, line ")
    assert "\n" not in message
    assert "Error" not in message  # what DuckDB says helps nobody here
    return message


@each_reader
@each_end
@pytest.mark.parametrize("value", ["m\rug", "m\r\rug", "m\r\nug", "m\nu\rg", "m\r\r\nug"])
def test_a_carriage_return_within_quotes_is_part_of_the_value(tmp_path, read, end, value):
    text = text_of(with_value("product", f'"{value}"'), ROWS[1], end=end)
    assert read(tmp_path, "sales.csv", text.encode()) == [("1", value), ("2", "pan")]


@each_reader
@each_end
@pytest.mark.parametrize("name", ["sales.csv", "sales.csv.gz"])
@pytest.mark.parametrize(
    ("column", "value"),
    [("product", "m\rug"), ("product", "mug\r"), ("pieces", "2\r"), ("customer", "an\rna")],
)
def test_a_carriage_return_outside_of_quotes_is_named_with_line_column_and_value(
    tmp_path, read, end, name, column, value
):
    text = text_of(ROWS[1], with_value(column, value), end=end)
    message = refusal(read, tmp_path, text, name)
    shown = re.escape(repr(value))
    assert re.match(rf"{name}, line 3, column {column}: {shown} holds a bare \\r", message)
    assert "with one line end throughout" in message


@each_reader
def test_the_line_of_a_carriage_return_is_right_behind_values_of_several_lines(tmp_path, read):
    text = text_of(with_value("product", '"m\r\nu\ng"'), with_value("customer", "an\rna"))
    assert ", line 5" in refusal(read, tmp_path, text)


@each_reader
@each_end
def test_two_rows_parted_by_a_carriage_return_are_named(tmp_path, read, end):
    text = text_of(ROWS[0], ROWS[1], end=end).replace(f"3.50{end}", "3.50\r")
    assert "line 2" in refusal(read, tmp_path, text)
    assert "a bare \\r" in refusal(read, tmp_path, text)


@each_reader
@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\r\n", "\r\r\n")])
def test_a_row_that_ends_unlike_the_header_is_named_with_both_ends(tmp_path, read, ends):
    header_end, other_end = ends
    text = text_of(*ROWS, end=header_end)
    text = text.removesuffix(header_end) + other_end
    message = refusal(read, tmp_path, text)
    shown_row_end, shown_header_end = (
        end.replace("\r", "\\r").replace("\n", "\\n") for end in (other_end, header_end)
    )
    assert (
        f"line 3: the row ends in {shown_row_end}, but the header in {shown_header_end}." in message
    )


@each_reader
def test_a_carriage_return_too_many_on_every_line_is_named(tmp_path, read):
    message = refusal(read, tmp_path, text_of(*ROWS, end="\r\r\n"))
    assert "line 1: the header ends in \\r\\r\\n." in message


@each_reader
def test_line_ends_of_old_macs_are_named(tmp_path, read):
    message = refusal(read, tmp_path, text_of(*ROWS, end="\r"))
    assert "line 1: " in message
    assert "bare \\r" in message
    assert "a quote may be opened" not in message


@each_reader
def test_a_row_that_ends_unlike_the_header_behind_a_quote_is_named_with_both_ends(tmp_path, read):
    text = text_of(ROWS[1], with_value("price", '"3.50"')).removesuffix("\n") + "\r\n"
    said = refusal(read, tmp_path, text)
    assert "line 3" in said
    assert "the row ends in \\r\\n, but the header in \\n." in said


@each_reader
@each_end
@pytest.mark.parametrize("value", ['"x\ry"b', 'a"\r"b', '"m\r"",'])
def test_a_carriage_return_beside_misplaced_quotes_is_refused_with_its_line(
    tmp_path, read, end, value
):
    said = refusal(read, tmp_path, text_of(ROWS[1], with_value("product", value), end=end))
    assert ", line 3" in said
