"""Lines over a common axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import (
    draw_reference,
    embed,
    make_group_axis,
    make_value_axis,
    split_series,
)
from reports.charts.rows import Rows, column_values, to_names
from reports.formatting import label


def _is_alone(values: Sequence[Any]) -> bool:
    """Whether a line has no more than one point, through which nothing can be drawn."""
    return sum(value is not None for value in values) == 1


def line_chart(
    rows: Rows,
    *,
    x: str,
    y: Mapping[str, str],
    title: str,
    by: str = "",
    by_form: Callable[[Any], str] = label,
    band: tuple[str, str] | None = None,
    reference: Mapping[str, str] | None = None,
    steps: bool = False,
    logarithmic: Sequence[str] = (),
    height: int = 320,
    unit: str = "",
    as_percent: bool = False,
    x_as_percent: bool = False,
    digits: int = 0,
) -> Markup:
    """Lines over a common axis.

    Args:
        rows: in the order of ``x``.
        x: column of the horizontal axis.
        y: column to the name of its line.
        title: said above the chart.
        by: column that names the lines, where one column of ``y`` holds them all.
        by_form: the filter that formats these names.
        band: columns with the lower and upper bound of each point, drawn as a band around the line.
        reference: column to the name of a dashed line to compare with.
        steps: a value holds since the point before it, as that of a precision-recall curve does.
        logarithmic: columns of which the axis is logarithmic.
        height: in pixels.
        unit: of the vertical axis; said beside the title.
        as_percent: the values are shares from 0 to 1.
        x_as_percent: those of the horizontal axis are.
        digits: after the point, when a value is pointed at.

    Example:
        >>> 'class="chart"' in line_chart([{"m": 1, "n": 2}], x="m", y={"n": "orders"}, title="t")
        True
    """
    figure = go.Figure()
    everywhere = column_values(rows, x)
    axis: dict[str, Any] = {}
    if any(isinstance(value, date | str) for value in everywhere):
        axis = make_group_axis(everywhere)
    elif x_as_percent:
        axis = {
            **make_value_axis(everywhere, as_percent=True, digits=digits),
            "rangemode": "normal",
        }
    values = [value for column in y for value in column_values(rows, column)] if as_percent else []
    lines = split_series(rows, y, by)
    for number, (column, name, points) in enumerate(lines):
        across = column_values(points, x)
        if axis.get("type") == "category":
            across = to_names(across)
        if band:
            lower, upper = (column_values(points, bound) for bound in band)
            # There and back again: the outline of the band. The theme gives it its line's colour.
            figure.add_scatter(
                x=[*across, *reversed(across)],
                y=[*upper, *reversed(lower)],
                mode="lines",
                fill="toself",
                hoverinfo="skip",
                showlegend=False,
                meta={"band": number},
            )
        figure.add_scatter(
            x=across,
            y=column_values(points, column),
            mode="lines+markers" if _is_alone(column_values(points, column)) else "lines",
            line={"shape": "vh"} if steps else {},
            name=to_names([name], by_form)[0],
            meta={"line": number},
        )
    draw_reference(figure, rows, x, reference or {})
    value_axis = make_value_axis(values, as_percent=as_percent, digits=digits)
    for columns, one in (((x,), axis), (tuple(y), value_axis)):
        if set(columns) & set(logarithmic):
            # Such an axis has ticks of many sizes.
            tickformat = ".1~%" if one.get("tickformat") else ""
            one |= {"type": "log", "dtick": "D2", "tickformat": tickformat}
    figure.update_layout(
        xaxis=axis,
        yaxis=value_axis,
        showlegend=len(figure.data) > (2 if band else 1),
        hovermode="x unified",
    )
    is_empty = all(value is None for column in y for value in column_values(rows, column))
    return embed(figure, rows, title, unit, height, is_empty=is_empty)
