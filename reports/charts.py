"""Chart and table helpers for pages: rows in, a block of HTML out.

A chart is a Plotly figure as JSON that ``theme/report.js`` draws in the colours of the reader's
light or dark setting; nothing is fetched from a network. Helpers say what is drawn, the theme says
how it looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape as escape_text
from math import log10
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup, escape

from reports.formatting import NOTHING, integer, label
from reports.sources import BlockRows, sql_link

SMALL_SHARE = 0.05
LONG_TEXT = 28  # characters; longer ones need room to wrap in
BARS_SIZE = 96, 28  # pixels
STEP_TICKS = 5  # borders between steps that are written, at most
AXIS_MARGIN = (
    0.06  # of what an axis shows, on both sides of it, so that nothing runs along the edge
)
# Beside the bars of a column of texts stand so many of them, so long at most.
TEXTS_BESIDE = 3
TEXT_LENGTH = 13

Row = Mapping[str, Any]
Rows = Sequence[Row]


class ChartError(ValueError):
    """A chart was asked for a column that its rows do not have."""


def _column(rows: Rows, name: str) -> list[Any]:
    if rows and name not in rows[0]:
        raise ChartError(f"there is no column {name!r}; the rows have {', '.join(rows[0])}")
    return [row[name] for row in rows]


def _shown(value: Any) -> Markup:
    """A value as one line of HTML; what is HTML already stays as it is."""
    return value if isinstance(value, Markup) else escape(label(value))


def _names(values: Sequence[Any], form: Callable[[Any], str] = label) -> list[str]:
    """Values as Plotly shall write them: it would read ``<b>`` in a text as bold."""
    return [escape_text(form(value), quote=False) for value in values]


def _embed(
    figure: go.Figure, rows: Rows, title: str, unit: str, height: int, *, is_empty: bool = False
) -> Markup:
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


def _value_axis(values: Sequence[Any], *, as_percent: bool, digits: int) -> dict[str, Any]:
    # Of shares this small whole per cents would stand at several ticks.
    is_small = all(not abs(value) >= SMALL_SHARE for value in values if value is not None)
    percent = ".1%" if is_small else ".0%"
    return {
        "rangemode": "tozero",
        "separatethousands": True,
        "tickformat": percent if as_percent else "",
        "hoverformat": f",.{digits}{'%' if as_percent else 'f'}",
    }


def _group_axis(values: Sequence[Any]) -> dict[str, Any]:
    """Dates stand where they fall, in months if all are first days; other values in their order."""
    if values and all(isinstance(value, date) for value in values):
        monthly = all(value.day == 1 for value in values)
        form = "%B %Y" if monthly else "%-d %B %Y"
        axis: dict[str, Any] = {"type": "date", "hoverformat": form}
        # Around one date alone Plotly would put ticks of milliseconds.
        alone = {"tickvals": [values[0]], "tickformat": form} if len(set(values)) == 1 else {}
        return axis | alone
    return {"type": "category", "showgrid": False}


def _series(rows: Rows, y: Mapping[str, str], by: str) -> list[tuple[str, str, Rows]]:
    """Column, name and rows of each line: a column each, or a value of ``by`` each."""
    if not by:
        return [(column, name, rows) for column, name in y.items()]
    return [
        (column, name, [row for row in rows if row[by] == name])
        for column in y
        for name in dict.fromkeys(_column(rows, by))
    ]


def _is_alone(values: Sequence[Any]) -> bool:
    """Whether a line has no more than one point, through which nothing can be drawn."""
    return sum(value is not None for value in values) == 1


def _draw_reference(figure: go.Figure, rows: Rows, x: str, reference: Mapping[str, str]) -> None:
    """Dashed lines through the values of columns, to compare with."""
    for column, name in reference.items():
        points = sorted(dict(zip(_column(rows, x), _column(rows, column), strict=True)).items())
        figure.add_scatter(
            x=[place for place, _ in points],
            y=[value for _, value in points],
            mode="lines",
            name=_names([name])[0],
            hoverinfo="skip",
            meta={"reference": True},
        )


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
    everywhere = _column(rows, x)
    axis: dict[str, Any] = {}
    if any(isinstance(value, date | str) for value in everywhere):
        axis = _group_axis(everywhere)
    elif x_as_percent:
        axis = {**_value_axis(everywhere, as_percent=True, digits=digits), "rangemode": "normal"}
    values = [value for column in y for value in _column(rows, column)] if as_percent else []
    lines = _series(rows, y, by)
    for number, (column, name, points) in enumerate(lines):
        across = _column(points, x)
        if axis.get("type") == "category":
            across = _names(across)
        if band:
            lower, upper = (_column(points, bound) for bound in band)
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
            y=_column(points, column),
            mode="lines+markers" if _is_alone(_column(points, column)) else "lines",
            line={"shape": "vh"} if steps else {},
            name=_names([name], by_form)[0],
            meta={"line": number},
        )
    _draw_reference(figure, rows, x, reference or {})
    value_axis = _value_axis(values, as_percent=as_percent, digits=digits)
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
    is_empty = all(value is None for column in y for value in _column(rows, column))
    return _embed(figure, rows, title, unit, height, is_empty=is_empty)


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
    values = _column(rows, x)
    group_axis = _group_axis(values)
    groups = values if group_axis["type"] == "date" else _names(values)
    shares = [value for column in y for value in _column(rows, column)] if as_percent else []
    value_axis = _value_axis(shares, as_percent=as_percent, digits=digits)
    for column, text in y.items():
        numbers, (name,) = _column(rows, column), _names([text])
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
    return _embed(figure, rows, title, unit, height)


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
    everywhere = _column(rows, x)
    is_named = any(isinstance(value, str) for value in everywhere)
    shown = [value for column in (*y, *band) for value in _column(rows, column)]
    value_axis = _value_axis(
        shown if as_percent else [], as_percent=as_percent, digits=digits
    ) | {"rangemode": "normal"}  # fmt: skip
    group_axis: dict[str, Any] = {}
    if is_named:
        names = list(dict.fromkeys(_names(everywhere)))
        ends = [-0.5, len(names) - 0.5]
        group_axis = {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names,
            "range": ends[::-1] if horizontal else ends,
        }
    elif x_as_percent:
        group_axis = _value_axis(everywhere, as_percent=True, digits=digits)
        group_axis |= {"rangemode": "normal"}
    along, across = ("x", "y") if horizontal else ("y", "x")
    for number, (column, name, points) in enumerate(_series(rows, y, by)):
        places, values = _column(points, x), _column(points, column)
        lengths = [
            [
                None if end is None else abs(end - value)
                for end, value in zip(ends, values, strict=True)
            ]
            for ends in (_column(points, bound) for bound in band)
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
                across: _names(places) if is_named else places,
                along: values,
                f"error_{along}": bars,
            },
            mode="markers",
            orientation="h" if horizontal else "v",
            name=_names([name])[0],
            meta={"dots": number},
        )
    if is_named:
        for column, name in (reference or {}).items():
            for value in _column(rows, column)[:1]:
                shown.append(value)
                figure.add_shape(
                    type="line",
                    name=_names([name])[0],
                    showlegend=True,
                    **{f"{along}ref": along, f"{along}0": value, f"{along}1": value},
                    **{f"{across}ref": "paper", f"{across}0": 0, f"{across}1": 1},
                )
        # Of dots side by side Plotly would have the axis begin at 0.
        known = [float(value) for value in shown if value is not None]
        if known:
            margin = (max(known) - min(known) or 1) * AXIS_MARGIN
            value_axis["range"] = [min(known) - margin, max(known) + margin]
    else:
        _draw_reference(figure, rows, x, reference or {})
    figure.update_layout(
        **{f"{along}axis": value_axis, f"{across}axis": group_axis},
        scattermode="group" if by else "overlay",
        showlegend=len(figure.data) > 1 or bool(reference),
        hovermode="closest",
    )
    return _embed(figure, rows, title, unit, height)


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
    data is, and the outermost steps have no end.

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
    values, shares = _column(rows, y), _column(rows, density)
    names = []
    for begin, end in zip(_column(rows, above), _column(rows, most), strict=True):
        if begin is None:
            names.append("every value" if end is None else f"up to {form(end)}")
        else:
            names.append(f"above {form(begin)}" + ("" if end is None else f", up to {form(end)}"))
    figure.add_scatter(
        x=[*range(len(values) + 1)],
        y=[*values, *values[-1:]],
        text=_names([*names, *names[-1:]]),
        mode="lines",
        line={"shape": "hv"},
        hovertemplate=f"%{{text}}: %{{y:,.{digits}f}}<extra></extra>",
        meta={"line": 0},
    )
    figure.add_bar(
        x=[place + 0.5 for place in range(len(shares))],
        y=shares,
        width=0.94,
        text=_names(names),
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
            "ticktext": _names([form(rows[place][above]) for place in written]),
            "range": [0, len(values)],
            "showgrid": False,
            "anchor": "y2",
        },
        yaxis=value_axis,
        yaxis2={"domain": [0, 0.26], "rangemode": "tozero", "tickformat": ".0%", "nticks": 3},
        showlegend=False,
        hovermode="closest",
    )
    return _embed(figure, rows, title, unit, height)


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
    across = list(dict.fromkeys(_column(rows, x)))
    down = list(dict.fromkeys(_column(rows, y)))
    _column(rows, value)
    cells = {(row[y], row[x]): row[value] for row in rows}
    grid = [[cells.get((row, column)) for column in across] for row in down]
    limits: dict[str, Any] = {"zmid": 0} if diverging else {}
    if diverging and limit is not None:
        limits |= {"zmin": -limit, "zmax": limit}
    form = f",.{digits}{'%' if as_percent else 'f'}"
    figure = go.Figure(
        go.Heatmap(
            x=_names(across),
            y=_names(down, y_form),
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
    return _embed(figure, rows, title, unit, height)


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
        _column(rows, name)
    figure = go.Figure()
    for number, group in enumerate(dict.fromkeys(_column(rows, by))):
        points = [row for row in rows if row[by] == group]
        around = _names(_column(points, angle))
        values = _column(points, radius)
        figure.add_scatterpolar(
            theta=[*around, *around[:1]],
            r=[*values, *values[:1]],
            mode="lines",
            name=_names([group])[0],
            meta={"line": number},
            hovertemplate=f"%{{theta}}: %{{r:,.{digits}f}}",
        )
    return _embed(figure, rows, title, unit, height)


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
        _column(rows, name)
    figure = go.Figure()
    for number, group in enumerate(dict.fromkeys(_column(rows, by))):
        points = [row for row in rows if row[by] == group]
        across, deep, up = (_column(points, name) for name in axes)
        figure.add_scatter3d(
            x=across,
            y=deep,
            z=up,
            mode="markers",
            name=_names([group])[0],
            meta={"line": number},
            marker={"size": 2.5},
        )
    scene = {
        f"{letter}axis": {
            "title": {"text": _names([text])[0]},
            **({"type": "log", "dtick": 1} if column in logarithmic else {"type": "linear"}),
        }
        for letter, (column, text) in zip("xyz", axes.items(), strict=True)
    }
    figure.update_layout(scene=scene)
    return _embed(figure, rows, title, unit, height)


def tiles(entries: Mapping[str, str]) -> Markup:
    r"""Key figures side by side.

    Args:
        entries: what it is, to how it reads.

    Example:
        >>> tiles({"orders": "98,206"})
        Markup('\n<dl class="tiles"><div><dt>orders</dt><dd>98,206</dd></div></dl>\n')
    """
    inner = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{_shown(value)}</dd></div>"
        for name, value in entries.items()
    )
    return Markup(f'\n<dl class="tiles">{inner}</dl>\n')


def small_bars(distribution: str | None) -> Markup:
    """What a column holds, small enough for a cell of a table.

    Args:
        distribution: as in ``raw.column_profiles``: JSON with counts in bins, or with the most
            frequent texts; none where all texts differ.

    Example:
        >>> bars = small_bars('[{"value": "SP", "count": 4}, {"value": "RJ", "count": 1}]')
        >>> bars.count("<rect"), "SP 4" in bars
        (2, True)
    """
    if distribution is None:
        return Markup('<span class="unit">all differ</span>')
    content = json.loads(distribution)
    if isinstance(content, list):
        counts = [entry["count"] for entry in content]
        names = [_cut(f"{label(entry['value'])}") for entry in content]
        said = [f"{name} {integer(count)}" for name, count in zip(names, counts, strict=True)]
        beside = Markup("<br>").join(said[:TEXTS_BESIDE])
    else:
        counts = content["counts"]
        said = [integer(count) for count in counts]
        beside = Markup("")
    if not sum(counts):
        return escape(NOTHING)
    width, height = BARS_SIZE
    step = width / len(counts)
    rects = ""
    for place, (count, text) in enumerate(zip(counts, said, strict=True)):
        # What is there is seen, however little it is.
        tall = max(height * count / max(counts), 1) if count else 0
        rects += (
            f'<rect x="{place * step:.1f}" y="{height - tall:.1f}" width="{step - 1.5:.1f}" '
            f'height="{tall:.1f}"><title>{escape(text)}</title></rect>'
        )
    return Markup(
        f'<div class="small-bars"><svg viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(", ".join(said))}">{rects}</svg>'
        f"<span>{beside}</span></div>"
    )


def _cut(text: str) -> str:
    """As much of a text as fits beside small bars."""
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def data_table(
    rows: Rows, columns: Mapping[str, str], formats: Mapping[str, Callable[[Any], str]]
) -> Markup:
    """A table of rows.

    Args:
        rows: what to show, in order.
        columns: column to its heading.
        formats: column to the filter that formats it; a formatted column is set flush right,
            but for the first.

    Example:
        >>> "<td>SP</td>" in data_table([{"state": "SP"}], {"state": "State"}, {})
        True
    """
    for name in columns:
        _column(rows, name)
    for name in formats:
        if name not in columns:
            raise ChartError(f"a format is given for {name!r}, which is not among the columns")
    numbers = {name for name, form in formats.items() if form is not small_bars}
    mark = {name: ' class="number"' if name in numbers else "" for name in columns}
    head = "".join(f"<th{mark[name]}>{escape(text)}</th>" for name, text in columns.items())

    def cell(row: Row, name: str) -> str:
        # A line break in a text would end the HTML block in the middle of the table.
        text = _shown(formats[name](row[name]) if name in formats else row[name])
        is_long = name not in formats and len(text) > LONG_TEXT and " " in text
        kind = ' class="long"' if is_long else mark[name]
        return f"<td{kind}>{text}</td>"

    body = "".join(f"<tr>{''.join(cell(row, name) for name in columns)}</tr>" for row in rows)
    link = sql_link(rows)
    caption = f"<figcaption>{link}</figcaption>" if link else ""
    return Markup(
        '\n<figure class="data"><div class="table" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"</div>{caption}</figure>\n"
    )


def cross_table(
    rows: Rows, *, down: str, across: str, value: str, heading: str, form: Callable[[Any], str]
) -> Markup:
    """A table with a row per value of one column and a column per value of another.

    Args:
        rows: one per cell; absent cells stay empty.
        down: column that names the rows.
        across: column that names the columns.
        value: column of the number.
        heading: above the names of the rows.
        form: the filter that formats the numbers.

    Example:
        >>> rows = [{"family": "kmeans", "metric": "silhouette", "reading": 0.1946}]
        >>> table = cross_table(rows, down="metric", across="family", value="reading",
        ...                     heading="Metric", form="{:.2f}".format)
        >>> "<td>silhouette</td>" in table and '<td class="number">0.19</td>' in table
        True
    """
    for name in (down, across, value):
        _column(rows, name)
    keys = {name: f"column {n}" for n, name in enumerate(dict.fromkeys(_column(rows, across)))}
    lines: dict[Any, dict[str, Any]] = {}
    for row in rows:
        line = lines.setdefault(row[down], {"heading": row[down], **dict.fromkeys(keys.values())})
        line[keys[row[across]]] = row[value]
    block = getattr(rows, "block", None)
    return data_table(
        [*lines.values()] if block is None else BlockRows(block, lines.values()),
        {"heading": heading, **{key: label(name) for name, key in keys.items()}},
        dict.fromkeys(keys.values(), form),
    )


# Helpers that are given rows first.
ROW_HELPERS: dict[str, Callable[..., Markup]] = {
    "line_chart": line_chart,
    "bar_chart": bar_chart,
    "interval_chart": interval_chart,
    "step_chart": step_chart,
    "heat_map": heat_map,
    "radar_chart": radar_chart,
    "scatter_3d": scatter_3d,
    "data_table": data_table,
    "cross_table": cross_table,
}
HELPERS = ROW_HELPERS | {"tiles": tiles, "small_bars": small_bars}
