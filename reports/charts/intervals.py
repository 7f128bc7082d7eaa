"""Dots with the intervals that they are uncertain by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import AXIS_MARGIN, draw_reference, embed, make_value_axis, split_series
from reports.charts.rows import Rows, column_values, to_names


def interval_chart(
    rows: Rows,
    *,
    x: str,
    y: Mapping[str, str],
    band: tuple[str, str],
    title: str,
    by: str = "",
    reference: Mapping[str, str] | None = None,
    height: int = 320,
    unit: str = "",
    horizontal: bool = False,
    as_percent: bool = False,
    x_as_percent: bool = False,
    digits: int = 0,
) -> Markup:
    """Dots with the intervals that they are uncertain by; where there is none, the dot alone.

    Args:
        rows: one per dot.
        x: column of the horizontal axis, or of the names if horizontal.
        y: column to the name of its dots.
        band: columns with the lower and upper bound of each dot.
        title: said above the chart.
        by: column that names groups of dots, each with its colour.
        reference: column to the name of a dashed line to compare with; the column ``x`` makes the
            diagonal, and beside names the line stands at the value of the first row.
        height: in pixels.
        unit: of the values; said beside the title.
        horizontal: names from top to bottom, values from left to right.
        as_percent: the values are shares from 0 to 1.
        x_as_percent: those of the horizontal axis are.
        digits: after the point, when a value is pointed at.

    Example:
        >>> rows = [{"rule": "recency", "auc": 0.57, "low": 0.55, "high": 0.59}]
        >>> chart = interval_chart(rows, x="rule", y={"auc": "ROC AUC"}, band=("low", "high"),
        ...                        title="t")
        >>> '"array":[0.02' in chart, '"mode":"markers"' in chart
        (True, True)
    """
    figure = go.Figure()
    everywhere = column_values(rows, x)
    is_named = any(isinstance(value, str) for value in everywhere)
    shown = [value for column in (*y, *band) for value in column_values(rows, column)]
    value_axis = make_value_axis(
        shown if as_percent else [], as_percent=as_percent, digits=digits
    ) | {"rangemode": "normal"}  # fmt: skip
    group_axis: dict[str, Any] = {}
    if is_named:
        names = list(dict.fromkeys(to_names(everywhere)))
        ends = [-0.5, len(names) - 0.5]
        group_axis = {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names,
            "range": ends[::-1] if horizontal else ends,
        }
    elif x_as_percent:
        group_axis = make_value_axis(everywhere, as_percent=True, digits=digits)
        group_axis |= {"rangemode": "normal"}
    along, across = ("x", "y") if horizontal else ("y", "x")
    for number, (column, name, points) in enumerate(split_series(rows, y, by)):
        places, values = column_values(points, x), column_values(points, column)
        lengths = [
            [
                None if end is None else abs(end - value)
                for end, value in zip(ends, values, strict=True)
            ]
            for ends in (column_values(points, bound) for bound in band)
        ]
        bars = {
            "type": "data",
            "symmetric": False,
            "thickness": 2,
            "arrayminus": lengths[0],
            "array": lengths[1],
            "visible": any(length is not None for length in lengths[0]),
        }
        figure.add_scatter(
            **{
                across: to_names(places) if is_named else places,
                along: values,
                f"error_{along}": bars,
            },
            mode="markers",
            orientation="h" if horizontal else "v",
            name=to_names([name])[0],
            meta={"dots": number},
        )
    if is_named:
        for column, name in (reference or {}).items():
            for value in column_values(rows, column)[:1]:
                shown.append(value)
                figure.add_shape(
                    type="line",
                    name=to_names([name])[0],
                    showlegend=True,
                    **{f"{along}ref": along, f"{along}0": value, f"{along}1": value},
                    **{f"{across}ref": "paper", f"{across}0": 0, f"{across}1": 1},
                )
        # Of dots side by side Plotly would have the axis begin at 0.
        numbers = [float(value) for value in shown if value is not None]
        if numbers:
            margin = (max(numbers) - min(numbers) or 1) * AXIS_MARGIN
            value_axis["range"] = [min(numbers) - margin, max(numbers) + margin]
    else:
        draw_reference(figure, rows, x, reference or {})
    figure.update_layout(
        **{f"{along}axis": value_axis, f"{across}axis": group_axis},
        scattermode="group" if by else "overlay",
        showlegend=len(figure.data) > 1 or bool(reference),
        hovermode="closest",
    )
    return embed(figure, rows, title, unit, height)
