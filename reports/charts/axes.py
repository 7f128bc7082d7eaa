"""What charts share: axes, series, reference lines, and the HTML around a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup, escape

from reports.charts.rows import Rows, column_values, to_names
from reports.sources import sql_link

SMALL_SHARE = 0.05
# Of what an axis shows, on both sides of it, so that nothing runs along the edge.
AXIS_MARGIN = 0.06


def embed(
    figure: go.Figure, rows: Rows, title: str, unit: str, height: int, *, is_empty: bool = False
) -> Markup:
    """The HTML around a figure: caption, unit, link to the SQL, and the figure as JSON."""
    beside = f' <span class="unit">{escape(unit)}</span>' if unit else ""
    caption = f"<figcaption>{escape(title)}{beside} {sql_link(rows)}</figcaption>"
    if not rows or is_empty:
        return Markup(f'\n<figure class="chart">{caption}<p>nothing to show</p></figure>\n')
    content = json.loads(figure.to_json())
    # The template is Plotly's own look, some kilobytes that the theme would throw away.
    content["layout"].pop("template", None)
    # "<" would end the script element early if a text held "</script>".
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(
        f'\n<figure class="chart" style="--height: {height}px">{caption}'
        f'<div class="plot"></div><script type="application/json">{text}</script></figure>\n'
    )


def make_value_axis(values: Sequence[Any], *, as_percent: bool, digits: int) -> dict[str, Any]:
    """The axis of numbers, with ticks in per cent where they are shares."""
    # Of shares this small whole per cents would stand at several ticks.
    is_small = all(not abs(value) >= SMALL_SHARE for value in values if value is not None)
    percent = ".1%" if is_small else ".0%"
    return {
        "rangemode": "tozero",
        "separatethousands": True,
        "tickformat": percent if as_percent else "",
        "hoverformat": f",.{digits}{'%' if as_percent else 'f'}",
    }


def make_group_axis(values: Sequence[Any]) -> dict[str, Any]:
    """Dates stand where they fall, in months if all are first days; other values in their order."""
    if values and all(isinstance(value, date) for value in values):
        monthly = all(value.day == 1 for value in values)
        form = "%B %Y" if monthly else "%-d %B %Y"
        axis: dict[str, Any] = {"type": "date", "hoverformat": form}
        # Around one date alone Plotly would put ticks of milliseconds.
        alone = {"tickvals": [values[0]], "tickformat": form} if len(set(values)) == 1 else {}
        return axis | alone
    return {"type": "category", "showgrid": False}


def split_series(rows: Rows, y: Mapping[str, str], by: str) -> list[tuple[str, str, Rows]]:
    """Column, name and rows of each line: a column each, or a value of ``by`` each."""
    if not by:
        return [(column, name, rows) for column, name in y.items()]
    return [
        (column, name, [row for row in rows if row[by] == name])
        for column in y
        for name in dict.fromkeys(column_values(rows, by))
    ]


def draw_reference(figure: go.Figure, rows: Rows, x: str, reference: Mapping[str, str]) -> None:
    """Dashed lines through the values of columns, to compare with."""
    for column, name in reference.items():
        points = sorted(
            dict(zip(column_values(rows, x), column_values(rows, column), strict=True)).items()
        )
        figure.add_scatter(
            x=[place for place, _ in points],
            y=[value for _, value in points],
            mode="lines",
            name=to_names([name])[0],
            hoverinfo="skip",
            meta={"reference": True},
        )
