"""Bars side by side or on each other."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import embed, make_group_axis, make_value_axis
from reports.charts.rows import Rows, column_values, to_names


def bar_chart(
    rows: Rows,
    *,
    x: str,
    y: Mapping[str, str],
    title: str,
    height: int = 320,
    unit: str = "",
    horizontal: bool = False,
    stacked: bool = False,
    as_percent: bool = False,
    digits: int = 0,
) -> Markup:
    """Bars side by side; from left to right, or from top to bottom if horizontal.

    Args:
        rows: one per group of bars.
        x: column that names the group.
        y: column to the name of its bars.
        title: said above the chart.
        height: in pixels.
        unit: of the bars' axis; said beside the title.
        horizontal: for long names.
        stacked: for parts of a whole: the bars of a group stand on each other.
        as_percent: the values are shares from 0 to 1.
        digits: after the point, when a value is pointed at.
    """
    figure = go.Figure()
    values = column_values(rows, x)
    group_axis = make_group_axis(values)
    groups = values if group_axis["type"] == "date" else to_names(values)
    shares = [value for column in y for value in column_values(rows, column)] if as_percent else []
    value_axis = make_value_axis(shares, as_percent=as_percent, digits=digits)
    for column, text in y.items():
        numbers, (name,) = column_values(rows, column), to_names([text])
        if horizontal:
            figure.add_bar(y=groups, x=numbers, name=name, orientation="h")
        else:
            figure.add_bar(x=groups, y=numbers, name=name)
    if horizontal:
        figure.update_layout(xaxis=value_axis, yaxis={**group_axis, "autorange": "reversed"})
    else:
        figure.update_layout(yaxis=value_axis, xaxis=group_axis)
    figure.update_layout(
        showlegend=len(y) > 1,
        barmode="stack" if stacked else "group",
        hovermode="y unified" if horizontal else "x unified",
    )
    return embed(figure, rows, title, unit, height)
