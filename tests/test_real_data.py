"""Tests on published data are skipped where a data set is not there, and say which."""

import subprocess
import sys

import pytest
from real_data import explain_missing

# A module of tests as those in tests/real/, which reads its data set while pytest collects it.
MODULE = """
from real_data import data_set_folder, needs_data_set

pytestmark = needs_data_set("cdnow")


def test_reads():
    assert (data_set_folder("cdnow") / "sample.txt").read_text() == "1"
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("REGULARS_TEST_DATA", str(folder))
    return folder


def run_module(tmp_path, monkeypatch):
    (tmp_path / "test_module.py").write_text(MODULE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real: needs data\n")
    monkeypatch.setenv("PYTHONPATH", str(__file__.rsplit("/", 1)[0]))
    command = (sys.executable, "-m", "pytest", "-rs", "-q", "-p", "no:cacheprovider", tmp_path)
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_data_set_that_is_missing_or_empty_is_skipped_by_its_name(
    data, tmp_path, monkeypatch, is_there
):
    if is_there:
        (data / "cdnow").mkdir()
    done = run_module(tmp_path, monkeypatch)
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout
    assert f"the folder {data / 'cdnow'} is missing or empty" in " ".join(done.stdout.split())


def test_a_data_set_that_is_there_is_used(data, tmp_path, monkeypatch):
    (data / "cdnow").mkdir()
    (data / "cdnow" / "sample.txt").write_text("1")
    done = run_module(tmp_path, monkeypatch)
    assert "1 passed" in done.stdout, done.stdout


def test_without_the_variable_the_reason_names_it_and_the_folder(monkeypatch):
    monkeypatch.delenv("REGULARS_TEST_DATA", raising=False)
    assert explain_missing("cdnow").startswith("REGULARS_TEST_DATA is not set")
    assert "cdnow/" in explain_missing("cdnow")
