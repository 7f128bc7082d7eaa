"""Step functions, with the share of the data behind each step."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from reports.charts.axes import AXIS_MARGIN, embed
from reports.charts.rows import Rows, column_values, to_names
from reports.formatting import by_size

STEP_TICKS = 5  # borders between steps that are written, at most


def step_chart(
    rows: Rows,
    *,
    above: str,
    most: str,
    y: str,
    density: str,
    title: str,
    form: Callable[[Any], str],
    within: tuple[float, float] | None = None,
    logarithmic: bool = False,
    height: int = 240,
    unit: str = "",
    digits: int = 2,
) -> Markup:
    """A step function, and below it how much of the data stands behind each step.

    Steps are drawn equally wide, however far their borders are apart: thresholds are dense where
    data is, and the outermost steps have no end. Borders are rounded by their size.

    Args:
        rows: one per step, ascending.
        above: column with the border where a step begins, exclusive; none for the first.
        most: column with the border where it ends, inclusive; none for the last.
        y: column with the height of the step.
        density: column with the share of the data in it, 0 to 1.
        title: said above the chart.
        form: the filter that formats the borders.
        within: least and greatest height in pictures that are compared, so that their axes agree.
        logarithmic: of the vertical axis, for what multiplies.
        height: in pixels.
        unit: of the borders; said beside the title.
        digits: after the point, when a step is pointed at.

    Example:
        >>> rows = [{"a": None, "m": 1.5, "term": 0.9, "share": 0.97},
        ...         {"a": 1.5, "m": None, "term": 1.7, "share": 0.03}]
        >>> chart = step_chart(rows, above="a", most="m", y="term", density="share", title="t",
        ...                    form="{:.1f}".format)
        >>> "up to 1.5" in chart, "above 1.5" in chart
        (True, True)
    """
    figure = go.Figure()
    values, shares = column_values(rows, y), column_values(rows, density)
    begins, ends = (
        [None if border is None else by_size(border) for border in column_values(rows, name)]
        for name in (above, most)
    )
    names = []
    for begin, end in zip(begins, ends, strict=True):
        if begin is None:
            names.append("every value" if end is None else f"up to {form(end)}")
        else:
            names.append(f"above {form(begin)}" + ("" if end is None else f", up to {form(end)}"))
    figure.add_scatter(
        x=[*range(len(values) + 1)],
        y=[*values, *values[-1:]],
        text=to_names([*names, *names[-1:]]),
        mode="lines",
        line={"shape": "hv"},
        hovertemplate=f"%{{text}}: %{{y:,.{digits}f}}<extra></extra>",
        meta={"line": 0},
    )
    figure.add_bar(
        x=[place + 0.5 for place in range(len(shares))],
        y=shares,
        width=0.94,
        text=to_names(names),
        textposition="none",
        yaxis="y2",
        hovertemplate="%{text}: %{y:.1%}<extra></extra>",
        meta={"density": True},
    )
    value_axis = {"domain": [0.34, 1], "nticks": 5}
    if logarithmic:
        value_axis |= {"type": "log", "dtick": "D2"}
    if within:
        low, high = (log10(end) for end in within) if logarithmic else within
        margin = (high - low) * AXIS_MARGIN
        value_axis["range"] = [low - margin, high + margin]
    # Of many borders some are written, evenly spread.
    every = max(-(-(len(values) - 1) // STEP_TICKS), 1)
    written = [*range(1, len(values), every)]
    figure.update_layout(
        xaxis={
            "tickvals": written,
            "ticktext": to_names([form(begins[place]) for place in written]),
            "range": [0, len(values)],
            "showgrid": False,
            "anchor": "y2",
        },
        yaxis=value_axis,
        yaxis2={"domain": [0, 0.26], "rangemode": "tozero", "tickformat": ".0%", "nticks": 3},
        showlegend=False,
        hovermode="closest",
    )
    return embed(figure, rows, title, unit, height)
