"""Small pictures for asset metadata, drawn by matplotlib without a screen."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import dagster as dg
from matplotlib.figure import Figure


def bar_picture(
    title: str, labels: Sequence[str], values: Sequence[float]
) -> dg.MarkdownMetadataValue:
    """Horizontal bars as a picture that Dagster's pages show.

    Args:
        title: said above the bars.
        labels: one per bar, top to bottom.
        values: lengths of the bars, in any unit.

    Example:
        >>> bar_picture("sizes", ["a", "b"], [3, 1]).value.startswith("![sizes](data:image/png")
        True
    """
    figure = Figure(figsize=(6, 0.8 + 0.3 * len(labels)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(labels)), values, color="#2a6f97")
    axes.bar_label(bars, fmt="{:,.3g}", padding=3)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    axes.set_title(title, loc="left")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")
