"""Where the published data sets are, and the marks of tests that need one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "REGULARS_TEST_DATA"


def data_set_folder(name: str) -> Path:
    """The folder of a data set in the one that ``REGULARS_TEST_DATA`` names."""
    return Path(os.environ.get(VARIABLE) or ".") / name


def explain_missing(name: str) -> str:
    """Why tests on a data set cannot run here; empty where they can."""
    if not os.environ.get(VARIABLE):
        return f"{VARIABLE} is not set, so there is no folder {name}/ with published data"
    folder = data_set_folder(name)
    if not folder.is_dir() or not any(folder.iterdir()):
        return f"the folder {folder} is missing or empty; {VARIABLE} names the folder above it"
    return ""


def needs_data_set(name: str) -> list[pytest.MarkDecorator]:
    """Marks for a module of tests: skipped, and said why, where the data set is not there."""
    reason = explain_missing(name)
    return [pytest.mark.real, pytest.mark.skipif(bool(reason), reason=reason)]
