"""The words of the report and what they mean, from the project's documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

GLOSSARY = Path(__file__).parents[1] / "dbt_project" / "docs" / "glossary.md"
# A line that begins with the term; the lines after it are indented.
ENTRY = re.compile(r"^\* \*\*([^*]+)\*\*: (.*\n(?:  .*\n)*)", re.M)


@cache
def read_glossary() -> dict[str, str]:
    """Each term with its meaning, in the order of the list.

    Example:
        >>> read_glossary()["recency"]
        'days since the latest order.'
    """
    entries = ENTRY.findall(GLOSSARY.read_text(encoding="utf-8"))
    return {term: " ".join(meaning.split()) for term, meaning in entries}


def anchor(term: str) -> str:
    """Where a term stands on the glossary's page.

    Example:
        >>> anchor("as-of date")
        'as-of-date'
    """
    return re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def glossary() -> Markup:
    """All terms, as a list of definitions."""
    markdown = MarkdownIt("commonmark")
    parts = (
        f'<dt id="{anchor(term)}">{escape(term)}</dt><dd>{markdown.renderInline(meaning)}</dd>'
        for term, meaning in read_glossary().items()
    )
    return Markup(f'<dl class="glossary">{"".join(parts)}</dl>')


def term(name: str, text: str = "") -> Markup:
    """A link from a page to what a word means.

    Args:
        name: the term.
        text: what the link reads; the term itself if empty.

    Raises:
        KeyError: the glossary has no such term.
    """
    if name not in read_glossary():
        raise KeyError(f"the glossary has no term {name!r}; add it to {GLOSSARY.name}")
    return Markup(f'<a class="term" href="glossary.html#{anchor(name)}">{escape(text or name)}</a>')
