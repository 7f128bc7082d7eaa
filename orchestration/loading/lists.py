"""The business lists that a load is held against: seeds, as dbt reads them, too."""

from __future__ import annotations

import csv
import itertools
import re
import unicodedata
from functools import cache
from pathlib import Path

SEEDS_DIR = Path(__file__).resolve().parents[2] / "seeds"


@cache
def listed_values(seed: str, column: str, **filters: str) -> frozenset[str]:
    """The values of a list, in lower case and without blanks at their ends.

    Args:
        seed: a file of ``seeds/``, without its suffix.
        column: one of its columns.
        filters: columns and what must stand in them; none for all rows.

    Example:
        >>> "delivered" in listed_values("order_statuses", "order_status")
        True
    """
    return frozenset(
        row[column].strip().lower()
        for row in _rows(seed)
        if all(row[name] == value for name, value in filters.items())
    )


def topics_of(column_name: str) -> list[str]:
    """What a column's name says that it is about, by ``telling_column_words``, none for nothing.

    The name is taken word by word, whichever way it is written; a plural counts as its singular.

    Args:
        column_name: as it stands in a file.

    Example:
        >>> topics_of("refundAmount"), topics_of("Moeda"), topics_of("latest_contest")
        (['money', 'refund'], ['currency'], [])
        >>> topics_of("currencies"), topics_of("валюта")
        (['currency'], ['currency'])
    """
    topics = {row["word"]: row["topic"] for row in _rows("telling_column_words")}
    parts = unicodedata.normalize("NFKD", column_name)
    marked = "".join(sign for sign in parts if not unicodedata.combining(sign))
    plain = unicodedata.normalize("NFC", marked)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+", plain)
    lower = [word.lower() for word in words]
    pairs = ["".join(pair) for pair in itertools.pairwise(lower)]
    named_topics = {
        topics[form]
        for word in [*lower, *pairs, "".join(lower), re.sub(r"[\W_]", "", plain.lower())]
        for form in (word, word.removesuffix("s"), word.removesuffix("es"), _from_ies(word))
        if form in topics
    }
    return sorted(named_topics)


def _from_ies(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word


@cache
def _rows(seed: str) -> list[dict[str, str]]:
    with (SEEDS_DIR / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
