"""Tables, key figures, and bars small enough for a cell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from reports.charts.rows import ChartError, Row, Rows, column_values, to_html
from reports.formatting import NOTHING, integer, label
from reports.sources import BlockRows, sql_link

LONG_TEXT = 28  # characters; longer ones need room to wrap in
BARS_SIZE = 96, 28  # pixels

# Beside the bars of a column of texts stand so many of them, so long at most.
TEXTS_BESIDE = 3
TEXT_LENGTH = 13


def tiles(entries: Mapping[str, str]) -> Markup:
    r"""Key figures side by side.

    Args:
        entries: what it is, to how it reads.

    Example:
        >>> tiles({"orders": "98,206"})
        Markup('\n<dl class="tiles"><div><dt>orders</dt><dd>98,206</dd></div></dl>\n')
    """
    inner = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{to_html(value)}</dd></div>"
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
        texts = [f"{name} {integer(count)}" for name, count in zip(names, counts, strict=True)]
        beside = Markup("<br>").join(texts[:TEXTS_BESIDE])
    else:
        counts = content["counts"]
        texts = [integer(count) for count in counts]
        beside = Markup("")
    if not sum(counts):
        return escape(NOTHING)
    width, height = BARS_SIZE
    step = width / len(counts)
    rects = ""
    for place, (count, text) in enumerate(zip(counts, texts, strict=True)):
        # What is there is seen, however little it is.
        tall = max(height * count / max(counts), 1) if count else 0
        rects += (
            f'<rect x="{place * step:.1f}" y="{height - tall:.1f}" width="{step - 1.5:.1f}" '
            f'height="{tall:.1f}"><title>{escape(text)}</title></rect>'
        )
    return Markup(
        f'<div class="small-bars"><svg viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(", ".join(texts))}">{rects}</svg>'
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
        column_values(rows, name)
    for name in formats:
        if name not in columns:
            raise ChartError(f"a format is given for {name!r}, which is not among the columns")
    numbers = {name for name, form in formats.items() if form is not small_bars}
    mark = {name: ' class="number"' if name in numbers else "" for name in columns}
    head = "".join(f"<th{mark[name]}>{escape(text)}</th>" for name, text in columns.items())

    def cell(row: Row, name: str) -> str:
        # A line break in a text would end the HTML block in the middle of the table.
        text = to_html(formats[name](row[name]) if name in formats else row[name])
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
        column_values(rows, name)
    keys = {
        name: f"column {n}" for n, name in enumerate(dict.fromkeys(column_values(rows, across)))
    }
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
