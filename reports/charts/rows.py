"""What all charts and tables read: the columns of rows, and values as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape as escape_text
from typing import Any

from markupsafe import Markup, escape

from reports.formatting import label

Row = Mapping[str, Any]
Rows = Sequence[Row]


class ChartError(ValueError):
    """A chart was asked for a column that its rows do not have."""


def column_values(rows: Rows, name: str) -> list[Any]:
    """One value per row.

    Raises:
        ChartError: the rows have no such column.
    """
    if rows and name not in rows[0]:
        raise ChartError(f"there is no column {name!r}; the rows have {', '.join(rows[0])}")
    return [row[name] for row in rows]


def to_html(value: Any) -> Markup:
    """A value as one line of HTML; what is HTML already stays as it is."""
    return value if isinstance(value, Markup) else escape(label(value))


def to_names(values: Sequence[Any], form: Callable[[Any], str] = label) -> list[str]:
    """Values as Plotly shall write them: it would read ``<b>`` in a text as bold."""
    return [escape_text(form(value), quote=False) for value in values]
