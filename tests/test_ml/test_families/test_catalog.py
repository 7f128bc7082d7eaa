"""The one list of families: what it says holds of their modules, the scoring and the readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import jinja2
import pytest

from ml.families.catalog import FAMILIES, families_of, studied_families
from ml.families.family import LIBRARY
from ml.purposes import CHURN, PURPOSES, SEGMENTATION
from ml.segmentation.candidates import StudySettings
from ml.store.catalog import write_catalog

ROOT = Path(__file__).parents[3]


OWN_PURPOSES = [SEGMENTATION, CHURN]
SCORED = {name: family for name, family in FAMILIES.items() if not family.is_studied_only}


@pytest.mark.parametrize("family", SCORED.values(), ids=SCORED)
def test_a_family_has_its_verbs_and_a_model_that_scores(family):
    assert family.name == family.load().FAMILY
    for verb in (family.fit, family.predict, family.to_rows, family.from_rows):
        assert callable(verb)
    scoring = ROOT / "dbt_project" / "models" / "scoring"
    assert [path.stem for path in scoring.rglob("*.sql")].count(family.scored_by) == 1
    assert family.purpose in PURPOSES.values()


@pytest.mark.parametrize("family", studied_families(SEGMENTATION), ids=lambda family: family.name)
def test_a_family_of_segmentations_lists_its_candidates_and_fits_them(family):
    verbs = family.load()
    assert family.name == verbs.FAMILY
    assert len(verbs.list_candidates(StudySettings())) > 0
    assert callable(verbs.fit_candidate)


def scoring_models(purpose: str, with_terms: bool) -> set[str]:
    """What the macro returns, which hands the list to dbt."""
    macro = ROOT / "dbt_project" / "macros" / "ml" / "scoring_models.sql"
    returned: list[list[str]] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["return"] = lambda value: returned.append(value) or ""
    call = f"{{{{ scoring_models({purpose!r}, {with_terms}) }}}}"
    environment.from_string(macro.read_text("utf-8") + call).render()
    assert len(returned[0]) == len(set(returned[0]))
    return set(returned[0])


@pytest.mark.parametrize("purpose", OWN_PURPOSES, ids=lambda purpose: purpose.name)
def test_the_scores_of_a_purpose_are_the_union_of_what_its_families_name(purpose):
    families = families_of(purpose, with_baselines=False)
    assert scoring_models(purpose.name, with_terms=False) == {
        family.scored_by for family in families if family.scored_by != LIBRARY
    }


@pytest.mark.parametrize("purpose", OWN_PURPOSES, ids=lambda purpose: purpose.name)
def test_the_models_with_a_term_for_each_feature_are_those_of_interpretable_families(purpose):
    assert scoring_models(purpose.name, with_terms=True) == {
        family.scored_by for family in families_of(purpose) if family.is_interpretable
    }


def test_the_warehouse_has_the_catalog_as_rows_and_is_not_written_without_need():
    with duckdb.connect() as connection:
        write_catalog(connection)
        write_catalog(connection)
        families = dict(
            connection.execute("select family, family_name from ml.model_families").fetchall()
        )
        purposes = connection.execute(
            "select purpose, predicts, deciding_metric from ml.model_purposes order by all"
        ).fetchall()
        # Another installation lists a family more, and takes it away again.
        connection.execute(
            "insert into ml.model_families values ('odd', 'churn', 'odd', null, false, false)"
        )
        write_catalog(connection)
        ((count,),) = connection.execute("select count(*) from ml.model_families").fetchall()
    assert families["kmeans"] == "KMeans"
    assert families["bg_nbd"] == "BG/NBD"
    assert purposes == [
        ("churn", "probability", "roc_auc"),
        ("segmentation", "group", "silhouette"),
    ]
    assert count == len(families) == len(FAMILIES)


def test_the_lists_are_read_without_a_library_that_takes_long():
    read = (
        "import sys, ml.families.catalog, ml.purposes\n"
        "print(*{'sklearn', 'scipy', 'numpy', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
