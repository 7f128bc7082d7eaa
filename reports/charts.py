"""Chart and table helpers for pages: rows in, a block of HTML out.

A chart is a Plotly figure as JSON that ``theme/report.js`` draws, so that it follows the reader's
light or dark setting; nothing is fetched from a network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup, escape

Row = Mapping[str, Any]
Rows = Sequence[Row]


class ChartError(ValueError):
    """A chart was asked for a column that its rows do not have."""


def _column(rows: Rows, name: str) -> list[Any]:
    if rows and name not in rows[0]:
        raise ChartError(f"there is no column {name!r}; the rows have {', '.join(rows[0])}")
    return [row[name] for row in rows]


def _embed(figure: go.Figure, title: str, height: int) -> Markup:
    # "<" would end the script element early if a text held "</script>".
    text = json.dumps(json.loads(figure.to_json()), separators=(",", ":")).replace("<", "\\u003c")
    return Markup(
        f'\n<figure class="chart" style="--height: {height}px">'
        f"<figcaption>{escape(title)}</figcaption>"
        f'<div class="plot"></div><script type="application/json">{text}</script></figure>\n'
    )


def line_chart(
    rows: Rows, *, x: str, y: Mapping[str, str], title: str, height: int = 320, unit: str = ""
) -> Markup:
    """Lines over a common axis.

    Args:
        rows: in the order of ``x``.
        x: column of the horizontal axis.
        y: column to the name of its line.
        title: said above the chart.
        height: in pixels.
        unit: of the vertical axis.

    Example:
        >>> 'class="chart"' in line_chart([{"m": 1, "n": 2}], x="m", y={"n": "orders"}, title="t")
        True
    """
    figure = go.Figure()
    for column, name in y.items():
        figure.add_scatter(x=_column(rows, x), y=_column(rows, column), name=name, mode="lines")
    figure.update_layout(yaxis={"title": {"text": unit}, "rangemode": "tozero"},
                         showlegend=len(y) > 1)  # fmt: skip
    return _embed(figure, title, height)


def bar_chart(
    rows: Rows,
    *,
    x: str,
    y: Mapping[str, str],
    title: str,
    height: int = 320,
    unit: str = "",
    horizontal: bool = False,
    as_percent: bool = False,
) -> Markup:
    """Bars side by side; from left to right, or from top to bottom if horizontal.

    Args:
        rows: one per group of bars.
        x: column that names the group.
        y: column to the name of its bars.
        title: said above the chart.
        height: in pixels.
        unit: of the bars' axis.
        horizontal: for long names.
        as_percent: the values are shares from 0 to 1.
    """
    figure = go.Figure()
    groups = [str(value) for value in _column(rows, x)]
    for column, name in y.items():
        values = _column(rows, column)
        if horizontal:
            figure.add_bar(y=groups, x=values, name=name, orientation="h")
        else:
            figure.add_bar(x=groups, y=values, name=name)
    value_axis = {"title": {"text": unit}, "tickformat": ".0%" if as_percent else ""}
    group_axis = {"type": "category"}
    if horizontal:
        figure.update_layout(xaxis=value_axis, yaxis={**group_axis, "autorange": "reversed"})
    else:
        figure.update_layout(yaxis=value_axis, xaxis=group_axis)
    figure.update_layout(showlegend=len(y) > 1, barmode="group")
    return _embed(figure, title, height)


def heat_map(
    rows: Rows, *, x: str, y: str, value: str, title: str, height: int = 360,
    diverging: bool = False, digits: int = 1,
) -> Markup:  # fmt: skip
    """A grid of coloured cells with the numbers written in.

    Args:
        rows: one per cell; absent cells stay empty.
        x: column across.
        y: column down.
        value: column of the number.
        title: said above the chart.
        height: in pixels.
        diverging: colours on both sides of 0, for differences.
        digits: after the point, in the cells.
    """
    across = list(dict.fromkeys(_column(rows, x)))
    down = list(dict.fromkeys(_column(rows, y)))
    cells = {(row[y], row[x]): row[value] for row in rows}
    _column(rows, value)
    grid = [[cells.get((row, column)) for column in across] for row in down]
    limits = {"zmid": 0, "colorscale": "RdBu", "reversescale": True} if diverging else {
        "colorscale": "Blues"}  # fmt: skip
    figure = go.Figure(
        go.Heatmap(
            x=[str(name) for name in across],
            y=[str(name) for name in down],
            z=grid,
            texttemplate=f"%{{z:,.{digits}f}}",
            hoverongaps=False,
            xgap=2,
            ygap=2,
            showscale=False,
            **limits,
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "side": "top"},
        yaxis={"type": "category", "autorange": "reversed"},
    )
    return _embed(figure, title, height)


def tiles(entries: Mapping[str, str]) -> Markup:
    r"""Key figures side by side.

    Args:
        entries: what it is, to how it reads.

    Example:
        >>> tiles({"orders": "98,206"})
        Markup('\n<dl class="tiles"><div><dt>orders</dt><dd>98,206</dd></div></dl>\n')
    """
    inner = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in entries.items()
    )
    return Markup(f'\n<dl class="tiles">{inner}</dl>\n')


def data_table(
    rows: Rows, columns: Mapping[str, str], formats: Mapping[str, Callable[[Any], str]]
) -> Markup:
    """A table of rows.

    Args:
        rows: what to show, in order.
        columns: column to its heading.
        formats: column to the filter that formats it; a formatted column is set flush right.

    Example:
        >>> "<td>SP</td>" in data_table([{"state": "SP"}], {"state": "State"}, {})
        True
    """
    for name in columns:
        _column(rows, name)
    mark = {name: ' class="number"' if name in formats else "" for name in columns}
    head = "".join(f"<th{mark[name]}>{escape(text)}</th>" for name, text in columns.items())

    def cell(row: Row, name: str) -> str:
        value = formats[name](row[name]) if name in formats else row[name]
        return f"<td{mark[name]}>{escape(value)}</td>"

    body = "".join(f"<tr>{''.join(cell(row, name) for name in columns)}</tr>" for row in rows)
    return Markup(
        f'\n<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>\n"
    )


HELPERS = {
    "line_chart": line_chart,
    "bar_chart": bar_chart,
    "heat_map": heat_map,
    "tiles": tiles,
    "data_table": data_table,
}
