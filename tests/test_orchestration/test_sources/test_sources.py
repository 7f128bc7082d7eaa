"""Which source a shop's files are of."""

from __future__ import annotations

import pytest
from shops import generate_demo_shop

from orchestration.errors import RegularsError
from orchestration.loading.tables import default_source, source_names, source_tables
from orchestration.sources import demo_of, find_source


def test_a_source_is_found_by_its_files(tmp_path):
    generate_demo_shop(tmp_path, order_count=100, seed=1)
    assert find_source(tmp_path) == default_source()
    assert default_source() in source_names()


def test_a_folder_of_no_source_is_held_to_the_files_of_the_default_one(tmp_path):
    assert find_source(tmp_path) == default_source()
    assert find_source(None) == default_source()


def test_what_the_environment_says_comes_first_and_must_be_a_source(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_SOURCE", default_source())
    assert find_source(tmp_path) == default_source()
    monkeypatch.setenv("REGULARS_SOURCE", "shopp")
    with pytest.raises(RegularsError, match=r"REGULARS_SOURCE must be one of .*, got 'shopp'"):
        find_source(tmp_path)


def test_a_source_without_a_generator_is_said_to_have_no_demo():
    with pytest.raises(RegularsError, match="the source nobody has no demo shop"):
        demo_of("nobody")


@pytest.mark.parametrize("source", source_names())
def test_every_file_of_a_source_has_a_table_of_its_own(source):
    stems = [table.file_stem for table in source_tables(source)]
    assert len(stems) == len(set(stems)) > 0
