"""Grids of coloured cells, and circles of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import embed
from reports.charts.rows import Rows, column_values, to_names
from reports.formatting import label


def heat_map(
    rows: Rows,
    *,
    x: str,
    y: str,
    value: str,
    title: str,
    height: int = 360,
    unit: str = "",
    diverging: bool = False,
    limit: float | None = None,
    as_percent: bool = False,
    digits: int = 1,
    y_form: Callable[[Any], str] = label,
) -> Markup:
    """A grid of coloured cells with the numbers written in.

    Args:
        rows: one per cell; absent cells stay empty.
        x: column across.
        y: column down.
        value: column of the number.
        title: said above the chart.
        height: in pixels.
        unit: of the numbers; said beside the title.
        diverging: colours on both sides of 0, for differences.
        limit: of a diverging map: the deepest colour begins here, so that one large difference
            does not pale the others.
        as_percent: the values are shares from 0 to 1.
        digits: after the point, in the cells.
        y_form: the filter that formats the names down.
    """
    across = list(dict.fromkeys(column_values(rows, x)))
    down = list(dict.fromkeys(column_values(rows, y)))
    column_values(rows, value)
    cells = {(row[y], row[x]): row[value] for row in rows}
    grid = [[cells.get((row, column)) for column in across] for row in down]
    limits: dict[str, Any] = {"zmid": 0} if diverging else {}
    if diverging and limit is not None:
        limits |= {"zmin": -limit, "zmax": limit}
    form = f",.{digits}{'%' if as_percent else 'f'}"
    figure = go.Figure(
        go.Heatmap(
            x=to_names(across),
            y=to_names(down, y_form),
            z=grid,
            texttemplate=f"%{{z:{form}}}",
            hovertemplate=f"%{{y}}, %{{x}}: %{{z:{form}}}<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=2,
            showscale=False,
            **limits,
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "side": "top", "showgrid": False, "tickangle": 0},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    return embed(figure, rows, title, unit, height)


def radar_chart(
    rows: Rows,
    *,
    angle: str,
    radius: str,
    by: str,
    title: str,
    height: int = 420,
    unit: str = "",
    digits: int = 1,
) -> Markup:
    """One closed line per group around a circle of features; a click on a name hides its line.

    Args:
        rows: one per group and feature, in the order of the circle.
        angle: column that names the features.
        radius: column of the number.
        by: column that names the groups.
        title: said above the chart.
        height: in pixels.
        unit: of the numbers; said beside the title.
        digits: after the point, when a value is pointed at.
    """
    for name in (angle, radius, by):
        column_values(rows, name)
    figure = go.Figure()
    for number, group in enumerate(dict.fromkeys(column_values(rows, by))):
        points = [row for row in rows if row[by] == group]
        around = to_names(column_values(points, angle))
        values = column_values(points, radius)
        figure.add_scatterpolar(
            theta=[*around, *around[:1]],
            r=[*values, *values[:1]],
            mode="lines",
            name=to_names([group])[0],
            meta={"line": number},
            hovertemplate=f"%{{theta}}: %{{r:,.{digits}f}}",
        )
    return embed(figure, rows, title, unit, height)
