"""Which source a warehouse was loaded from, and what is said where nobody can tell."""

import duckdb
import pytest
from number_files import held_by_another_process, make_number_file

from orchestration import warehouse_file
from orchestration.errors import WarehouseLockedError
from orchestration.settings import Settings
from orchestration.source import read_source_name


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    path = make_number_file(tmp_path / "regulars.duckdb")
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(path))
    monkeypatch.delenv("REGULARS_DATA_DIR", raising=False)
    monkeypatch.delenv("REGULARS_SOURCE", raising=False)
    return path


def note_source(path, name):
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.load_source as select ? as source_name", [name])


def test_a_warehouse_says_which_source_it_was_loaded_from(warehouse):
    note_source(warehouse, "bakery")
    assert read_source_name(warehouse) == "bakery"
    assert Settings.from_environment().source == "bakery"


def test_a_warehouse_that_does_not_say_has_no_source(warehouse, tmp_path):
    assert read_source_name(warehouse) is None
    assert read_source_name(tmp_path / "nowhere.duckdb") is None
    (tmp_path / "text.duckdb").write_text("a,b\n" * 5000)
    assert read_source_name(tmp_path / "text.duckdb") is None


def test_a_warehouse_that_another_process_has_is_not_taken_for_one_without_a_source(
    warehouse, monkeypatch
):
    note_source(warehouse, "bakery")
    monkeypatch.setattr(warehouse_file, "LOCK_PATIENCE", 0.1)
    with held_by_another_process(warehouse, "writer") as process:
        with pytest.raises(WarehouseLockedError, match=rf"held by another .*PID {process.pid}\b"):
            read_source_name(warehouse)
        with pytest.raises(WarehouseLockedError):
            _ = Settings.from_environment().source
    assert Settings.from_environment().source == "bakery"
