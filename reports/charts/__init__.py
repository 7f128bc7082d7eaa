"""Charts and tables for pages, a module per kind: rows in, a block of HTML out.

A chart is a Plotly figure as JSON that ``theme/report.js`` draws in the colours of the reader's
light or dark setting; nothing is fetched from a network. Helpers say what is drawn, the theme says
how it looks.
"""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from reports.charts.bars import bar_chart
from reports.charts.clouds import scatter_3d
from reports.charts.grids import heat_map, radar_chart
from reports.charts.intervals import interval_chart
from reports.charts.lines import line_chart
from reports.charts.rows import ChartError
from reports.charts.steps import step_chart
from reports.charts.tables import cross_table, data_table, small_bars, tiles

__all__ = [
    "HELPERS",
    "ROW_HELPERS",
    "ChartError",
    "bar_chart",
    "cross_table",
    "data_table",
    "heat_map",
    "interval_chart",
    "line_chart",
    "radar_chart",
    "scatter_3d",
    "small_bars",
    "step_chart",
    "tiles",
]

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
