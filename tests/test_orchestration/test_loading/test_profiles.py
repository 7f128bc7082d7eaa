"""What is said of raw columns: figures counted by hand on a few rows, load after load."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import InputError
from orchestration.loading import load as load_module
from orchestration.loading.load import load_raw_files
from orchestration.loading.profiles import profile_new_loads
from orchestration.loading.tables import RawTable

VISITS = RawTable(
    "visits",
    "visits",
    {"visitor": "VARCHAR", "pages": "INTEGER", "paid": "DECIMAL(18, 2)", "at": "TIMESTAMP",
     "place": "DOUBLE"},
)  # fmt: skip
FIRST = """visitor,pages,paid,at,place
ana,1,0.10,2018-01-01 00:00:00,1.5
bea,2,0.20,2018-01-01 06:00:00,2.5
ana,3,,2018-01-01 11:59:59,
cid,4,0.60,2018-01-02 00:00:00,-1
,13,0.10,,0
"""
SECOND = FIRST + "dan,20,1.00,2018-01-03 00:00:00,9\nana,1,0.10,2018-01-01 00:00:00,1.5\n"


@pytest.fixture
def connection():
    """An empty warehouse."""
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def load(connection, tmp_path):
    """Loads a text as the raw file and returns the profiles of its last load."""

    def load(text: str) -> dict[str, dict[str, object]]:
        Path(tmp_path / "visits.csv").write_text(text, encoding="utf-8")
        load_raw_files(connection, tmp_path, tables=(VISITS,))
        return profiles(connection)

    return load


def profiles(connection, load_id=None):
    """Column to what is said of it as of a load, the last one unless told."""
    answer = connection.execute(
        """
        select * from raw.column_profiles
        where load_id = coalesce(?, (select max(load_id) from raw.column_profiles))
        order by column_number
        """,
        [load_id],
    )
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row["column_name"]: row for row in rows}


def shape(profile):
    return json.loads(profile["distribution"])


def test_each_column_is_counted_with_its_type_in_the_order_of_the_table(load):
    by_column = load(FIRST)
    assert {name: (row["column_type"], row["row_count"], row["null_count"], row["distinct_count"])
            for name, row in by_column.items()} == {
        "visitor": ("VARCHAR", 5, 1, 3),
        "pages": ("INTEGER", 5, 0, 5),
        "paid": ("DECIMAL(18,2)", 5, 1, 3),
        "at": ("TIMESTAMP", 5, 1, 4),
        "place": ("DOUBLE", 5, 1, 4),
    }  # fmt: skip
    assert list(by_column) == list(VISITS.columns)


def test_ranges_are_texts_and_means_are_of_what_is_there(load):
    by_column = load(FIRST)
    assert {name: (row["least_value"], row["greatest_value"], row["mean_value"])
            for name, row in by_column.items()} == {
        "visitor": ("ana", "cid", None),
        "pages": ("1", "13", 23 / 5),
        "paid": ("0.10", "0.60", 0.25),  # in doubles 0.1 + 0.2 + 0.6 + 0.1 comes to a bit less
        "at": ("2018-01-01 00:00:00", "2018-01-02 00:00:00", None),
        "place": ("-1.0", "2.5", 0.75),
    }  # fmt: skip


def test_texts_have_their_most_frequent_values_and_ties_stand_by_name(load):
    assert shape(load(FIRST)["visitor"]) == [
        {"value": "ana", "count": 2}, {"value": "bea", "count": 1}, {"value": "cid", "count": 1}
    ]  # fmt: skip
    many = "visitor,pages,paid,at,place\n" + "".join(f"{name},1,,,\n" for name in "gfedcba")
    assert [entry["value"] for entry in shape(load(many)["visitor"])] == ["a", "b", "c", "d", "e"]


def test_numbers_fall_into_twelve_bins_of_equal_width_the_last_one_closed(load):
    # From 1 to 13 a bin is 1 wide: 1, 2, 3 and 4 in the first four, 13 in the last.
    assert shape(load(FIRST)["pages"]) == {
        "from": 1.0, "to": 13.0, "below": 0, "counts": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1],
        "above": 0,
    }  # fmt: skip


def test_timestamps_fall_into_bins_of_time(load):
    # From midnight to midnight a bin is two hours wide.
    assert shape(load(FIRST)["at"]) == {
        "from": "2018-01-01 00:00:00", "to": "2018-01-02 00:00:00", "below": 0,
        "counts": [1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1], "above": 0,
    }  # fmt: skip


def test_the_last_hundredth_on_either_side_lies_outside_of_the_bins(load):
    # 200 rows: 1 is below the 1st percentile (the 2nd row), 199 and 200 are above the 198th.
    rows = "".join(f"a,{n},,,\n" for n in range(1, 201))
    bins = shape(load("visitor,pages,paid,at,place\n" + rows)["pages"])
    assert (bins["from"], bins["to"], bins["below"], bins["above"]) == (2, 198, 1, 2)
    assert sum(bins["counts"]) == 197


def test_one_value_is_one_bin_and_no_value_is_none(load):
    by_column = load("visitor,pages,paid,at,place\na,7,,,1e300\nb,7,,,-1e300\n")
    assert shape(by_column["pages"])["counts"] == [2]
    assert by_column["paid"]["distinct_count"] == 0
    assert sum(shape(by_column["paid"])["counts"]) == 0
    assert by_column["place"]["mean_value"] is None  # too large to be summed exactly
    assert shape(load("visitor,pages,paid,at,place\n,1,,,\n")["visitor"]) == []


def test_the_last_two_loads_are_kept_so_that_a_change_can_be_told(load, connection):
    load(FIRST.replace("ana", "eva"))
    load(FIRST)
    load(SECOND)
    ((kept,),) = connection.execute(
        "select list(distinct load_id order by load_id) from raw.column_profiles"
    ).fetchall()
    assert kept == [2, 3]
    before, now = profiles(connection, 2), profiles(connection, 3)
    figures = ("row_count", "null_count", "distinct_count", "greatest_value")
    assert [before["pages"][name] for name in figures] == [5, 0, 5, "13"]
    assert [now["pages"][name] for name in figures] == [7, 0, 6, "20"]


def test_an_unchanged_file_is_not_profiled_again(load, connection):
    load(FIRST)
    assert profile_new_loads(connection) == []
    load(FIRST)
    assert [*profiles(connection, 1)] == list(VISITS.columns)
    assert profiles(connection, 2) == {}


def test_a_load_from_before_there_were_profiles_is_profiled_by_the_next(load, connection):
    load(FIRST)
    connection.execute("drop table raw.column_profiles")
    assert load(FIRST)["pages"]["row_count"] == 5


def test_a_load_that_fails_leaves_the_profiles_as_they_were(load, connection, monkeypatch):
    load(FIRST)
    before = connection.execute("select * from raw.column_profiles order by all").fetchall()
    with pytest.raises(InputError):
        load(SECOND.replace("dan,20", "dan,many"))
    assert connection.execute("select * from raw.column_profiles order by all").fetchall() == before

    def fail_after_all(connection):
        profile_new_loads(connection)
        raise OSError("no space left")

    monkeypatch.setattr(load_module, "profile_new_loads", fail_after_all)
    with pytest.raises(OSError, match="no space left"):
        load(SECOND)
    assert connection.execute("select * from raw.column_profiles order by all").fetchall() == before
    assert connection.execute("select count(*) from raw.visits").fetchall() == [(5,)]
