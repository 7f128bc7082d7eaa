"""A new page of the report: one Markdown file with a number that is free."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.errors import RegularsError
from orchestration.paths import quoted
from orchestration.scaffolding.changes import Changes
from orchestration.scaffolding.project import check_name, render

PAGES = Path("reports/pages")
LONGEST_TITLE = 60


def plan_page(root: Path, name: str, title: str | None = None) -> Changes:
    """What a new page takes: nothing is written yet.

    Args:
        root: of the checkout.
        name: of the page, which is also that of its address.
        title: its heading and its entry in the menu; made of the name if none.

    Returns:
        The new file.

    Raises:
        RegularsError: the name or the title is refused, or no number is free.
    """
    pages = sorted(path.stem for path in (root / PAGES).glob("*.md"))
    numbers = {int(stem.partition("-")[0]) for stem in pages if stem[:1].isdigit()}
    slugs = {re.sub(r"^\d+-", "", stem) for stem in pages}
    # The page called overview is index.html.
    taken = {slug.replace("-", "_") for slug in slugs} | {"index"}
    check_name(name, "page", taken)
    title = name.replace("_", " ").capitalize() if title is None else _check_title(title)
    changes = Changes(root)
    path = PAGES / f"{free_number(numbers)}-{name.replace('_', '-')}.md"
    changes.add(path, render("page.md.j2", title=title))
    return changes


def free_number(taken: set[int]) -> int:
    """The first number of two digits that no page has: a round one, if there is any.

    Pages stand in the menu in the order of their file names, so all numbers have two digits.

    Args:
        taken: numbers of the pages.

    Raises:
        RegularsError: all are taken.

    Example:
        >>> free_number({10, 20, 30, 32, 80})
        40
    """
    for step in (10, 5, 1):
        for number in range(10, 100, step):
            if number not in taken:
                return number
    raise RegularsError(
        f"a page needs a number from 10 to 99 that is free, but all are taken in {PAGES}; merge "
        "some pages"
    )


def _check_title(title: str) -> str:
    clean = title.strip()
    if (
        not clean
        or len(clean) > LONGEST_TITLE
        or not clean.isprintable()
        or set("{}<>") & set(clean)
    ):
        raise RegularsError(
            f"--title must be one line of 1 to {LONGEST_TITLE} letters without braces and angle "
            f"brackets, got {quoted(title)}; mend it or leave it out"
        )
    return clean
