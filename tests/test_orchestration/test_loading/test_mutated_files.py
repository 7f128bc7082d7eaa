"""Whatever is done to a file: it is refused in a sentence, or loaded as Python's csv reads it."""

from __future__ import annotations

import csv
import random
import re
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from mutated_files import FOLDERS, Rows, Spoilt, is_same, place, read_by_csv, spoil
from shops import generate_demo_shop

from orchestration.errors import InputError
from orchestration.loading.load import load_raw_files
from orchestration.loading.tables import RawTable, source_tables

SEED = 20_180_830
FILE_COUNT = 225  # 25 of each of the nine files
NOBODY = re.compile(
    r"|nan|null|none|\\n|n/a|-|undefined|#n/a|guest|unknown|anonymous|test|0+|.*e\+\d+|=\".*|'.*|"
    r"\d+\.0|\s.*|.*\s|<na>|\(null\)|noreply@.*|\?",
    re.IGNORECASE | re.DOTALL,
)


@pytest.fixture(scope="module")
def good_rows(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[RawTable, Rows]]:
    """Some 25 rows of each file of a small demo shop, the header first."""
    folder = tmp_path_factory.mktemp("good") / "shop"
    generate_demo_shop(folder, order_count=100, seed=SEED)
    pairs = []
    for table in source_tables():
        with (folder / f"{table.file_stem}.csv").open(encoding="utf-8-sig", newline="") as stream:
            pairs.append((table, list(csv.reader(stream, strict=True))[:26]))
    return pairs


def outcome_of(
    connection: duckdb.DuckDBPyConnection,
    spoilt: Spoilt,
    table: RawTable,
    folder: Path,
    allowed: int,
    case: str,
) -> tuple[str, str]:
    """Load a spoilt file into an empty warehouse and hold the outcome to the csv module.

    Returns:
        ``refused``, ``loaded`` or ``set aside``, and the message if there is one.
    """
    place(folder, spoilt)
    connection.execute("drop schema if exists raw cascade")
    try:
        (load,) = load_raw_files(connection, folder, tables=(table,), max_rejected_rows=allowed)
    except InputError as error:
        message = str(error)
        assert table.file_stem in message, case
        assert "/dev/fd" not in message, case
        assert "\n" not in message, case
        assert message.endswith("."), (case, message)
        left = connection.execute("select 1 from duckdb_tables() where schema_name = 'raw'")
        assert left.fetchall() == [], case
        return "refused", message
    names = ", ".join(f'"{name}"' for name in table.columns)
    loaded_rows = connection.execute(f"select {names} from raw.{table.name}").fetchall()
    set_aside = connection.execute("select line_number, reason from raw.rejected_rows")
    rejected = dict(set_aside.fetchall())
    (_, header), *rows = read_by_csv(spoilt.content)
    assert set(rejected) <= {line for line, _ in rows}, case
    assert len(rejected) == load.rejected_row_count <= allowed, case
    expected = [row for line, row in rows if line not in rejected]
    assert load.row_count == len(loaded_rows) == len(expected), case
    for values, row in zip(loaded_rows, expected, strict=True):
        assert len(row) == len(header), case
        for value, (name, kind) in zip(values, table.columns.items(), strict=True):
            text = row[header.index(name)] or ""
            assert is_same(value, text, kind), (case, name, value, text)
            assert "\ufffd" not in text, case
            if name == table.column_of("person_key"):
                assert not NOBODY.fullmatch(text), (case, text)
    return "set aside" if rejected else "loaded", ""


def spoil_many(
    good_rows: list[tuple[RawTable, Rows]], tmp_path: Path, *, seed: int, count: int
) -> Counter[str]:
    """What became of so many spoilt files."""
    outcomes: Counter[str] = Counter()
    connection = duckdb.connect(config={"threads": 1})
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        table, rows = good_rows[number % len(good_rows)]
        spoilt = spoil(rng, table, rows)
        folder = tmp_path / f"{number}" / rng.choice(FOLDERS)
        allowed = rng.choice((0, 0, 1, 2, 1_000))
        case = f"seed {seed}, file {number} ({table.name}, {allowed} allowed): {spoilt.description}"
        outcome, _ = outcome_of(connection, spoilt, table, folder, allowed, case)
        outcomes[outcome] += 1
        shutil.rmtree(tmp_path / f"{number}")
    return outcomes


def test_every_mutated_file_is_refused_in_a_sentence_or_loaded_as_csv_reads_it(good_rows, tmp_path):
    outcomes = spoil_many(good_rows, tmp_path, seed=SEED, count=FILE_COUNT)
    print(f"{FILE_COUNT} mutated files: {dict(outcomes)}")  # noqa: T201
    assert sum(outcomes.values()) == FILE_COUNT >= 200
    # Each outcome is met often enough to be worth its name.
    assert min(outcomes[name] for name in ("refused", "loaded", "set aside")) >= 15
