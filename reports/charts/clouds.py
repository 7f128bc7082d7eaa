"""Clouds of points that one can turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import embed
from reports.charts.rows import ChartError, Rows, column_values, to_names


def scatter_3d(
    rows: Rows,
    *,
    axes: Mapping[str, str],
    by: str,
    title: str,
    logarithmic: Sequence[str] = (),
    height: int = 520,
    unit: str = "",
) -> Markup:
    """A cloud of points that one can turn; a click on a group's name hides its points.

    Args:
        rows: one per point.
        axes: three columns to what their axes are called: across, deep and up.
        by: column that names the groups.
        title: said above the chart.
        logarithmic: columns of which the axis is logarithmic.
        height: in pixels.
        unit: said beside the title.

    Raises:
        ChartError: a column is not there, or there are not three axes.
    """
    if len(axes) != 3:
        raise ChartError(f"a cloud of points has three axes, got {len(axes)}; name three columns")
    for name in (*axes, by):
        column_values(rows, name)
    figure = go.Figure()
    for number, group in enumerate(dict.fromkeys(column_values(rows, by))):
        points = [row for row in rows if row[by] == group]
        across, deep, up = (column_values(points, name) for name in axes)
        figure.add_scatter3d(
            x=across,
            y=deep,
            z=up,
            mode="markers",
            name=to_names([group])[0],
            meta={"line": number},
            marker={"size": 2.5},
        )
    scene = {
        f"{letter}axis": {
            "title": {"text": to_names([text])[0]},
            **({"type": "log", "dtick": 1} if column in logarithmic else {"type": "linear"}),
        }
        for letter, (column, text) in zip("xyz", axes.items(), strict=True)
    }
    figure.update_layout(scene=scene)
    return embed(figure, rows, title, unit, height)
