"""Where a source's name may stand, and the lines on which it stands elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# Prose that tells of the sources, and the file that switches them on.
ALLOWED_FILES = {"CHANGELOG.md", "CONTRIBUTING.md", "DATA_LICENSES.md", "README.md",
                 "dbt_project.yml"}  # fmt: skip
# Names that are words of the language, too: looked for only as dbt spells them.
ORDINARY_WORDS = {"shop"}


def is_allowed(path: str, name: str) -> bool:
    """Whether a file is the source's own, or one that may name every source.

    Args:
        path: from the project's root, with slashes.
        name: the source.

    Example:
        >>> is_allowed("seeds/market/facts.csv", "market"), is_allowed("ml/market/a.py", "market")
        (True, False)
    """
    own = rf"(dbt_project/models/[^/]+|orchestration/sources|seeds|tests(/[^/]+)*)/{name}/"
    return path in ALLOWED_FILES or re.match(own, path) is not None


def pattern_of(name: str) -> re.Pattern[str]:
    """What names a source: its name as a word of its own, between underscores, too.

    Example:
        >>> bool(pattern_of("market").search("stg_market__orders"))
        True
        >>> bool(pattern_of("market").search("supermarkets"))
        False
        >>> found = pattern_of("shop").search
        >>> bool(found("a shop")), bool(found("stg_{}__orders".format("shop")))
        (False, True)
    """
    if name in ORDINARY_WORDS:
        return re.compile(rf"\b(int|stg)_{name}__|\bsource\(\s*['\"]{name}['\"]", re.IGNORECASE)
    return re.compile(rf"(?<![a-z0-9]){name}(?![a-z0-9])", re.IGNORECASE)


def find_names(root: Path, paths: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Where a source is named outside of its folders, as ``path:line: text``; line 0 is the path.

    Args:
        root: the project's folder.
        paths: its files, from there.
        names: the sources.
    """
    patterns = {name: pattern_of(name) for name in names}
    for path in paths:
        strange = [pattern for name, pattern in patterns.items() if not is_allowed(path, name)]
        lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate([path, *lines]):
            if any(pattern.search(line) for pattern in strange):
                yield f"{path}:{number}: {line.strip()}"
