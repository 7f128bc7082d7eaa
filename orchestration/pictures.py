"""Small pictures for asset metadata, drawn by matplotlib without a screen."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import dagster as dg


def draw_bars(title: str, labels: Sequence[str], values: Sequence[float]) -> bytes:
    """Horizontal bars as a PNG file.

    Args:
        title: said above the bars.
        labels: one per bar, top to bottom.
        values: lengths of the bars, in any unit.

    Example:
        >>> draw_bars("sizes", ["a", "b"], [3, 1])[1:4]
        b'PNG'
    """
    from matplotlib.figure import Figure  # a second that only fits need

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
    return buffer.getvalue()


def shown(title: str, picture: bytes) -> dg.MarkdownMetadataValue:
    """A PNG file as metadata that Dagster's pages show.

    Args:
        title: said where it cannot be seen.
        picture: the file.

    Example:
        >>> shown("sizes", draw_bars("sizes", ["a"], [1])).value.startswith("![sizes](data:image")
        True
    """
    encoded = base64.b64encode(picture).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")
