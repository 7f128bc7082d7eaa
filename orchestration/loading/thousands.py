"""How amounts are written: a decimal mark with three digits behind it may part thousands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.sql_text import literal


@dataclass(frozen=True)
class MarkCounts:
    """Texts of a column of amounts, by what their decimal mark may mean.

    Attributes:
        marked: that have the mark once, as numbers do.
        grouped: of these, with one to three digits before it, no 0 first, and three behind it.
        in_thousandths: of these, with three digits behind it and such as no thousands are written:
            0.950, 1234.500.
        certain: in which the mark parts thousands beyond doubt: 1.234.567, 1.234,56.
    """

    marked: int
    grouped: int
    in_thousandths: int
    certain: int

    @property
    def is_odd(self) -> bool:
        """Whether most marks may part thousands, and nothing speaks against it."""
        return 2 * self.grouped > self.marked and self.in_thousandths == 0

    @property
    def is_wrong(self) -> bool:
        """Whether most marks part thousands beyond doubt, so that amounts would be read wrongly."""
        return self.is_odd and self.certain > 0


def grouped_pattern(mark: str) -> str:
    """A pattern of amounts whose decimal mark may part thousands.

    Example:
        >>> [bool(re.fullmatch(grouped_pattern("."), text)) for text in ("1.234", "0.234", "1.23")]
        [True, False, False]
    """
    return rf"[+-]?[1-9][0-9]{{0,2}}{re.escape(mark)}[0-9]{{3}}"


def certain_pattern(mark: str) -> str:
    """A pattern of amounts whose decimal mark parts thousands beyond doubt.

    Example:
        >>> [bool(re.fullmatch(certain_pattern("."), text)) for text in ("1.234.567", "1.234,5")]
        [True, True]
    """
    dot, other = re.escape(mark), "," if mark == "." else "."
    groups = rf"[+-]?[1-9][0-9]{{0,2}}({dot}[0-9]{{3}})"
    return rf"{groups}+{re.escape(other)}[0-9]*|{groups}{{2,}}({re.escape(other)}[0-9]*)?"


def mark_counts_sql(text: str, mark: str) -> str:
    """SQL of aggregates for ``MarkCounts``, in its order.

    Args:
        text: SQL of the text of an amount.
        mark: the decimal mark that is read as such.
    """
    dot = re.escape(mark)
    patterns = (
        rf"[+-]?[0-9]*{dot}[0-9]*",
        grouped_pattern(mark),
        rf"[+-]?(0[0-9]*|[0-9]{{4,}})?{dot}[0-9]{{3}}",
        certain_pattern(mark),
    )
    return ", ".join(
        f"count(*) filter (regexp_full_match({text}, {literal(pattern)}))" for pattern in patterns
    )


def meant_by(text: str, mark: str = ".") -> str:
    """The amount that a text means if its mark parts thousands; nothing if it cannot.

    Example:
        >>> meant_by("1.234"), meant_by("1.234,56"), meant_by("58.90")
        ('1234', '1234.56', '')
    """
    if not re.fullmatch(f"{grouped_pattern(mark)}|{certain_pattern(mark)}", text):
        return ""
    return text.replace(mark, "").replace("," if mark == "." else ".", ".")
