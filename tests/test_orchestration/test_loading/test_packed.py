"""Zeros behind what was packed are passed over, as gzip does; zeros behind text are refused."""

from __future__ import annotations

import gzip
import random

import pytest
from two_readers import READERS, ROWS, text_of

from orchestration.errors import InputError

TEXT = text_of(*ROWS).encode()
READ = [("1", "mug"), ("2", "pan")]
each_reader = pytest.mark.parametrize("read", READERS)


@each_reader
@pytest.mark.parametrize("name", ["sales.csv.gz", "sales.csv"])
@pytest.mark.parametrize("count", [0, 1, 4, 8, 9, 512, 100_000])
def test_zeros_behind_packed_text_are_passed_over(tmp_path, read, name, count):
    assert read(tmp_path, name, gzip.compress(TEXT) + bytes(count)) == READ


@each_reader
def test_zeros_behind_each_packed_part_are_passed_over(tmp_path, read):
    half = len(TEXT) // 2
    parts = [gzip.compress(part) + bytes(700) for part in (TEXT[:half], TEXT[half:], b"")]
    assert read(tmp_path, "sales.csv.gz", b"".join(parts)) == READ


@each_reader
def test_zeros_behind_a_packed_file_of_many_rows_lose_none(tmp_path, read):
    rng = random.Random(5)
    rows = [(f"o{n}", *ROWS[0][1:3], f"p{rng.random()}", *ROWS[0][4:]) for n in range(20_000)]
    packed = gzip.compress(text_of(*rows).encode())
    keys = read(tmp_path, "sales.csv.gz", packed + bytes(-len(packed) % 10_240 + 10_240))
    assert sorted(keys) == sorted((row[0], row[3]) for row in rows)


@each_reader
@pytest.mark.parametrize("missing", [1, 8, 12, 40])
def test_a_packed_file_that_was_cut_off_and_filled_up_with_zeros_is_refused(
    tmp_path, read, missing
):
    packed = gzip.compress(TEXT)[:-missing] + bytes(512)
    # Its length ends in zeros, so that one byte less is made good.
    if missing == 1:
        assert read(tmp_path, "sales.csv.gz", packed) == READ
        return
    with pytest.raises(InputError, match=r"^sales\.csv\.gz cannot be "):
        read(tmp_path, "sales.csv.gz", packed)


@each_reader
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("cut", "line"), [(0, 4), (1, 3)])
def test_text_that_ends_in_zeros_is_refused_with_its_line(tmp_path, read, packed, cut, line):
    content = TEXT[: len(TEXT) - cut] + bytes(300)
    content = gzip.compress(content) if packed else content
    with pytest.raises(InputError, match=rf"^sales\.csv, line {line}: .*0x00.*copy the file again"):
        read(tmp_path, "sales.csv", content)
