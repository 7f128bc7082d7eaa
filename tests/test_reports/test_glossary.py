"""The glossary: one list for dbt's documentation and the report, linked from the pages."""

import re

import duckdb
import pytest

from reports.build import PageError, build_report, find_pages
from reports.glossary import anchor, glossary, read_glossary

LINK = re.compile(r'href="glossary\.html#([^"]*)"')


def test_the_words_that_the_pages_cannot_do_without_are_explained():
    words = {
        "as-of date", "label window", "champion", "challenger", "baseline", "calibration", "lift",
        "silhouette", "valid order", "capability", "usable window", "Jaccard",
    }  # fmt: skip
    assert words <= set(read_glossary())
    assert all(len(meaning.split()) >= 3 for meaning in read_glossary().values())


def test_terms_stand_in_alphabetical_order_and_have_an_anchor_each():
    html = glossary()
    terms = list(read_glossary())
    assert terms == sorted(terms, key=str.casefold)
    assert len({anchor(term) for term in terms}) == len(terms)
    assert all(f'id="{anchor(term)}"' in html for term in terms)


def test_pages_link_to_terms_that_the_glossary_has():
    used = re.compile(r'\{\{ term\("([^"]+)"')
    linked = {word for page in find_pages() for word in used.findall(page.read_text("utf-8"))}
    assert {"baseline", "lift", "calibration"} <= linked
    assert linked <= set(read_glossary())


def test_a_link_leads_to_the_meaning(tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "10-overview.md").write_text('# Overview\n\nThe {{ term("lift") }} is high.\n')
    (pages / "95-glossary.md").write_text("# Glossary\n\n{{ glossary() }}\n")
    with duckdb.connect() as connection:
        index, words = build_report(connection, tmp_path, pages_dir=pages)
    (target,) = LINK.findall(index.read_text("utf-8"))
    assert f'<dt id="{target}">lift</dt>' in words.read_text("utf-8")
    assert "The SQL behind this page" not in words.read_text("utf-8")


def test_a_page_that_asks_for_an_unknown_term_is_refused(tmp_path):
    (tmp_path / "10-overview.md").write_text('# Overview\n\n{{ term("lfit") }}\n')
    with duckdb.connect() as connection, pytest.raises(PageError, match="no term 'lfit'"):
        build_report(connection, tmp_path, pages_dir=tmp_path)
