"""The one list of families: what it says holds of their modules, the scoring and the readers."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from ml.families.catalog import FAMILIES, studied_families
from ml.purposes import PURPOSES, SEGMENTATION
from ml.segmentation.candidates import StudySettings

ROOT = Path(__file__).parents[3]


SCORED = {name: family for name, family in FAMILIES.items() if not family.is_studied_only}


@pytest.mark.parametrize("family", SCORED.values(), ids=SCORED)
def test_a_family_has_its_verbs_and_a_model_that_scores(family):
    assert family.name == family.load().FAMILY
    for verb in (family.fit, family.predict, family.to_rows, family.from_rows):
        assert callable(verb)
    scoring = ROOT / "dbt_project" / "models" / "scoring"
    assert [path.stem for path in scoring.rglob("*.sql")].count(family.scored_by) == 1
    assert family.purpose in PURPOSES.values()


@pytest.mark.parametrize("family", studied_families(SEGMENTATION), ids=lambda each: each.name)
def test_a_family_of_segmentations_lists_its_candidates_and_fits_them(family):
    verbs = family.load()
    assert family.name == verbs.FAMILY
    assert len(verbs.list_candidates(StudySettings())) > 0
    assert callable(verbs.fit_candidate)


def test_readers_call_families_as_the_catalog_does():
    with (ROOT / "seeds" / "model_families.csv").open(encoding="utf-8", newline="") as file:
        names = {row["family"]: row["family_name"] for row in csv.DictReader(file)}
    assert names == {family.name: family.reader_name for family in SCORED.values()}


def test_the_lists_are_read_without_a_library_that_takes_long():
    read = (
        "import sys, ml.families.catalog, ml.purposes\n"
        "print(*{'sklearn', 'scipy', 'numpy', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
