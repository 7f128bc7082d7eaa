"""The words of the report and what they mean, from the project's documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

GLOSSARY = Path(__file__).parents[1] / "dbt_project" / "docs" / "glossary.md"
TERM = re.compile(r"\*\*(?P<term>[^*]+)\*\*: (?P<meaning>.*?)(?= \*\*[^*]+\*\*: |\Z)")


@cache
def read_glossary() -> dict[str, str]:
    """Each term with its meaning, in the order of the list.

    Example:
        >>> read_glossary()["recency"]
        'days since the latest order.'
    """
    return dict(_entries(GLOSSARY.read_text(encoding="utf-8")))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    for item in re.split(r"^\* ", text, flags=re.M)[1:]:
        body = " ".join(item.partition("{% enddocs")[0].split())
        for found in TERM.finditer(body):
            yield found["term"], found["meaning"]


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
