"""The helpers: what is handed to Plotly, and what a page gets as HTML."""

import html
import json
import re
from datetime import date
from decimal import Decimal

import pytest

from reports.charts import (
    ChartError,
    bar_chart,
    cross_table,
    data_table,
    heat_map,
    interval_chart,
    line_chart,
    radar_chart,
    scatter_3d,
    small_bars,
    step_chart,
    tiles,
)
from reports.formatting import NOTHING, decimal, integer
from reports.sources import BlockRows

MONTHS = [
    {"month": date(2018, 1, 1), "orders": 3, "paid": Decimal("12.50"), "share": 0.5},
    {"month": date(2018, 2, 1), "orders": 5, "paid": None, "share": float("nan")},
]
NASTY = "</script><script>alert(1)</script><b>&"


def figure_of(markup):
    """The figure that the browser's script reads."""
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', markup)
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def chart(helper, rows):
    """A chart of each kind, of columns month and orders."""
    if helper is heat_map:
        return heat_map(rows, x="month", y="month", value="orders", title="t")
    if helper is interval_chart:
        band = ("orders", "orders")
        return interval_chart(rows, x="month", y={"orders": "orders"}, band=band, title="t")
    return helper(rows, x="month", y={"orders": "orders"}, title="t")


CHARTS = [line_chart, bar_chart, heat_map, interval_chart]


def test_one_column_can_hold_several_lines():
    rows = [
        {"x": 1, "share": 0.1, "window": "90 days"},
        {"x": 2, "share": 0.2, "window": "90 days"},
        {"x": 1, "share": 0.3, "window": "180 days"},
    ]
    figure = figure_of(line_chart(rows, x="x", y={"share": ""}, by="window", title="t"))
    assert [(line["name"], line["x"], line["y"]) for line in figure["data"]] == [
        ("90 days", [1, 2], [0.1, 0.2]),
        ("180 days", [1], [0.3]),
    ]
    assert figure["layout"]["showlegend"] is True


def test_numbers_and_dates_reach_the_browser_as_what_they_are():
    figure = figure_of(
        line_chart(MONTHS, x="month", y={"paid": "paid", "share": "share"}, title="t")
    )
    paid, share = figure["data"]
    assert paid["x"] == ["2018-01-01", "2018-02-01"]
    assert paid["y"] == [12.5, None]
    assert share["y"] == [0.5, None]


@pytest.mark.parametrize("helper", CHARTS)
def test_a_chart_carries_no_look_of_its_own(helper):
    figure = figure_of(chart(helper, MONTHS))
    assert "template" not in figure["layout"]
    assert "color" not in json.dumps(figure)


@pytest.mark.parametrize("helper", CHARTS)
def test_a_chart_without_rows_says_so(helper):
    markup = chart(helper, [])
    assert "nothing to show" in markup
    assert "<script" not in markup


@pytest.mark.parametrize("helper", CHARTS)
def test_a_misspelt_column_is_named_with_those_that_there_are(helper):
    with pytest.raises(ChartError, match=r"no column 'orders'; the rows have month, count"):
        chart(helper, [{"month": 1, "count": 2}])


@pytest.mark.parametrize("helper", CHARTS)
def test_a_text_cannot_end_the_script_or_become_markup(helper):
    markup = chart(helper, [{"month": NASTY, "orders": 1}])
    assert markup.count("<script") == markup.count("</script>") == 1
    data = figure_of(markup)["data"][0]
    assert html.unescape(data["x"][0]) == NASTY
    assert "<" not in data["x"][0]


def test_a_text_where_a_number_belongs_cannot_end_the_script_either():
    markup = line_chart([{"n": 1, "text": NASTY}], x="n", y={"text": "t"}, title="t")
    assert markup.count("<script") == markup.count("</script>") == 1
    assert figure_of(markup)["data"][0]["y"] == [NASTY]


def test_captions_and_names_of_lines_are_shown_as_written():
    markup = line_chart(MONTHS, x="month", y={"orders": "<b>n</b>"}, title="<i>t</i>", unit="<u>")
    assert "&lt;i&gt;t&lt;/i&gt;" in markup
    assert '<span class="unit">&lt;u&gt;</span>' in markup
    assert figure_of(markup)["data"][0]["name"] == "&lt;b&gt;n&lt;/b&gt;"


def test_a_line_of_one_point_is_a_dot_and_one_date_has_one_tick():
    rows = [{"month": date(2018, 8, 1), "orders": 4}]
    figure = figure_of(chart(line_chart, rows))
    assert figure["data"][0]["mode"] == "lines+markers"
    assert figure["layout"]["xaxis"]["tickvals"] == ["2018-08-01"]
    assert figure_of(chart(line_chart, MONTHS))["data"][0]["mode"] == "lines"
    assert "tickvals" not in figure_of(chart(line_chart, MONTHS))["layout"]["xaxis"]


def test_a_chart_in_which_nothing_is_known_says_so():
    rows = [
        {"month": date(2018, 8, 1), "orders": None},
        {"month": date(2018, 9, 1), "orders": None},
    ]
    assert "nothing to show" in chart(line_chart, rows)


@pytest.mark.parametrize("helper", [line_chart, bar_chart])
def test_months_stand_on_an_axis_of_time_and_are_named_as_months(helper):
    axis = figure_of(chart(helper, MONTHS))["layout"]["xaxis"]
    assert (axis["type"], axis["hoverformat"]) == ("date", "%B %Y")


def test_a_date_within_a_month_is_named_with_its_day():
    rows = [*MONTHS, {"month": date(2018, 2, 14), "orders": 1}]
    assert figure_of(chart(bar_chart, rows))["layout"]["xaxis"]["hoverformat"] == "%-d %B %Y"


def test_names_stand_in_the_order_of_the_rows():
    rows = [{"month": name, "orders": 1} for name in ("z", 10, 9, None, "a")]
    figure = figure_of(chart(bar_chart, rows))
    assert figure["data"][0]["x"] == ["z", "10", "9", NOTHING, "a"]
    assert figure["layout"]["xaxis"]["type"] == "category"


def test_horizontal_bars_begin_at_the_top():
    figure = figure_of(bar_chart(MONTHS, x="orders", y={"share": "s"}, title="t", horizontal=True))
    assert figure["data"][0]["orientation"] == "h"
    assert figure["data"][0]["y"] == ["3", "5"]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_parts_of_a_whole_are_stacked_and_others_stand_side_by_side():
    both = {"orders": "a", "share": "b"}
    side = figure_of(bar_chart(MONTHS, x="month", y=both, title="t"))
    stacked = figure_of(bar_chart(MONTHS, x="month", y=both, title="t", stacked=True))
    assert (side["layout"]["barmode"], stacked["layout"]["barmode"]) == ("group", "stack")


@pytest.mark.parametrize("helper", [line_chart, bar_chart])
def test_shares_are_written_as_percentages(helper):
    figure = figure_of(
        helper(MONTHS, x="month", y={"share": "s"}, title="t", as_percent=True, digits=1)
    )
    axis = figure["layout"]["yaxis"]
    assert (axis["tickformat"], axis["hoverformat"]) == (".0%", ",.1%")


@pytest.mark.parametrize("helper", [line_chart, bar_chart])
def test_one_series_needs_no_legend_and_two_do(helper):
    one = figure_of(helper(MONTHS, x="month", y={"orders": "a"}, title="t"))
    two = figure_of(helper(MONTHS, x="month", y={"orders": "a", "share": "b"}, title="t"))
    assert (one["layout"]["showlegend"], two["layout"]["showlegend"]) == (False, True)


def test_a_heat_map_puts_each_number_where_its_row_and_column_meet():
    rows = [
        {"r": "top", "c": 2, "n": 1},
        {"r": "top", "c": 1, "n": 2},
        {"r": "bottom", "c": 1, "n": 3},
    ]
    trace = figure_of(heat_map(rows, x="c", y="r", value="n", title="t"))["data"][0]
    assert (trace["x"], trace["y"]) == (["2", "1"], ["top", "bottom"])
    assert trace["z"] == [[1, 2], [None, 3]]
    assert "zmid" not in trace


def test_differences_are_coloured_on_both_sides_of_nothing_up_to_a_limit():
    rows = [{"r": "a", "c": 1, "n": -5.0}]
    trace = figure_of(
        heat_map(rows, x="c", y="r", value="n", title="t", diverging=True, limit=2, digits=2)
    )["data"][0]
    assert (trace["zmin"], trace["zmid"], trace["zmax"]) == (-2, 0, 2)
    assert trace["z"] == [[-5.0]]
    assert trace["texttemplate"] == "%{z:,.2f}"


def test_a_table_shows_its_columns_in_order_and_numbers_flush_right():
    table = data_table([{"a": 1234, "b": "x", "c": 0}], {"b": "Name", "a": "Count"}, {"a": integer})
    assert '<th>Name</th><th class="number">Count</th>' in table
    assert '<td>x</td><td class="number">1,234</td>' in table
    assert table.count("<td") == 2


def test_a_table_escapes_texts_headings_and_what_a_filter_returns():
    rows = [{"a": NASTY, "b": 1}]
    table = data_table(rows, {"a": "<a>", "b": "b"}, {"b": lambda _: "<0.1%"})
    assert "<script" not in table
    assert "<th>&lt;a&gt;</th>" in table
    assert ">&lt;0.1%<" in table


def test_a_table_cell_is_one_line_and_missing_ones_are_dashes():
    table = data_table([{"a": "x\n\n    y", "b": None, "c": True}], dict.fromkeys("abc", "h"), {})
    assert "\n" not in table.strip("\n")
    assert f"<td>{NOTHING}</td><td>yes</td>" in table


def test_a_long_text_has_room_to_wrap_in_and_a_long_name_needs_none():
    table = data_table([{"a": "word " * 9, "b": "x" * 40}], {"a": "A", "b": "B"}, {})
    assert table.count('<td class="long">word') == table.count("<td") - 1 == 1


def test_a_table_refuses_a_misspelt_column_or_format():
    with pytest.raises(ChartError, match="no column 'b'; the rows have a"):
        data_table([{"a": 1}], {"b": "B"}, {})
    with pytest.raises(ChartError, match="'b', which is not among the columns"):
        data_table([{"a": 1}], {"a": "A"}, {"b": integer})


def test_a_cross_table_has_a_row_and_a_column_per_name():
    rows = [
        {"who": "all", "feature": "days", "mean": 2.0},
        {"who": "all", "feature": "paid", "mean": 9.0},
        {"who": "some", "feature": "days", "mean": 1.5},
    ]
    table = cross_table(
        rows, down="feature", across="who", value="mean", heading="Mean of", form=decimal
    )
    cells = re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", table)
    assert cells == ["Mean of", "all", "some", "days", "2.00", "1.50", "paid", "9.00", NOTHING]


def test_a_cross_table_refuses_a_misspelt_column():
    with pytest.raises(ChartError, match="no column 'whom'"):
        cross_table([{"a": 1}], down="a", across="whom", value="a", heading="h", form=decimal)


def test_small_shares_have_ticks_that_differ():
    rows = [{"month": 1, "share": 0.004}, {"month": 2, "share": None}]
    figure = figure_of(line_chart(rows, x="month", y={"share": "s"}, title="t", as_percent=True))
    assert figure["layout"]["yaxis"]["tickformat"] == ".1%"


def test_a_heat_map_of_shares_says_percentages():
    rows = [{"r": "a", "c": 1, "n": 0.004}]
    markup = heat_map(rows, x="c", y="r", value="n", title="t", as_percent=True)
    assert figure_of(markup)["data"][0]["texttemplate"] == "%{z:,.1%}"


def test_rows_of_a_block_link_to_it_and_other_rows_to_nothing():
    rows = BlockRows("months", MONTHS)
    for helper in CHARTS:
        assert 'href="#sql-months"' in chart(helper, rows)
        assert "href" not in chart(helper, MONTHS)
    crossed = {"down": "month", "across": "orders", "value": "paid", "heading": "h"}
    assert 'href="#sql-months"' in cross_table(rows, **crossed, form=decimal)
    assert 'href="#sql-months"' in data_table(rows, {"orders": "Orders"}, {})
    assert "href" not in data_table(MONTHS, {"orders": "Orders"}, {})


def test_small_bars_are_as_high_as_their_counts_and_no_count_has_none():
    markup = small_bars('{"from": 0, "to": 4, "below": 1, "counts": [4, 0, 2, 1], "above": 0}')
    heights = [float(text) for text in re.findall(r'<rect [^>]*height="([\d.]+)"', markup)]
    assert heights == [28, 0, 14, 7]
    assert 'aria-label="4, 0, 2, 1"' in markup


def test_small_bars_of_texts_name_the_most_frequent_and_escape_them():
    values = [{"value": value, "count": 1} for value in ("<b>", "x" * 40, "c", "d")]
    markup = small_bars(json.dumps(values))
    assert "<b>" not in markup
    assert "&lt;b&gt; 1<br>" + "x" * 12 + "… 1<br>c 1</span>" in markup


def test_small_bars_of_nothing_are_a_dash_and_of_texts_that_all_differ_say_so():
    assert small_bars("[]") == NOTHING
    assert (
        small_bars('{"from": null, "to": null, "below": 0, "counts": [0], "above": 0}') == NOTHING
    )
    assert "all differ" in small_bars(None)


def test_tiles_escape_what_they_say():
    assert "&lt;b&gt;" in tiles({"<b>": "1"})
    assert "&lt;0.1%" in tiles({"share": "<0.1%"})


PROFILES = [
    {"segment": "0", "feature": "orders", "difference": 0.5},
    {"segment": "0", "feature": "paid", "difference": -1.0},
    {"segment": "1", "feature": "orders", "difference": 2.0},
    {"segment": "1", "feature": "paid", "difference": 0.0},
]


def test_a_radar_has_one_closed_line_per_group():
    figure = figure_of(
        radar_chart(PROFILES, angle="feature", radius="difference", by="segment", title="t")
    )
    assert [(line["name"], line["theta"], line["r"]) for line in figure["data"]] == [
        ("0", ["orders", "paid", "orders"], [0.5, -1.0, 0.5]),
        ("1", ["orders", "paid", "orders"], [2.0, 0.0, 2.0]),
    ]
    assert [line["meta"]["line"] for line in figure["data"]] == [0, 1]


def test_a_cloud_has_its_points_by_group_and_logarithmic_axes_where_asked_for():
    rows = [
        {"segment": "<b>a", "x": 1, "y": 2, "z": 10},
        {"segment": "b", "x": 3, "y": 4, "z": 100},
        {"segment": "b", "x": 5, "y": 6, "z": 1000},
    ]
    axes = {"x": "recency", "y": "frequency", "z": "money"}
    figure = figure_of(scatter_3d(rows, axes=axes, by="segment", logarithmic=["z"], title="t"))
    assert [(trace["name"], trace["x"], trace["y"], trace["z"]) for trace in figure["data"]] == [
        ("&lt;b&gt;a", [1], [2], [10]),
        ("b", [3, 5], [4, 6], [100, 1000]),
    ]
    scene = figure["layout"]["scene"]
    assert [scene[f"{axis}axis"]["type"] for axis in "xyz"] == ["linear", "linear", "log"]
    assert [scene[f"{axis}axis"]["title"]["text"] for axis in "xyz"] == list(axes.values())


def test_a_cloud_without_three_axes_is_refused():
    with pytest.raises(ChartError, match="three axes, got 2"):
        scatter_3d([], axes={"x": "x", "y": "y"}, by="x", title="t")


def test_a_band_goes_around_its_line_and_has_its_number():
    rows = [
        {"week": 2, "agreement": 0.9, "low": 0.8, "high": 1.0},
        {"week": 4, "agreement": 0.7, "low": 0.6, "high": 0.75},
    ]
    markup = line_chart(rows, x="week", y={"agreement": "a"}, band=("low", "high"), title="t")
    band, line = figure_of(markup)["data"]
    assert (band["x"], band["y"]) == ([2, 4, 4, 2], [1.0, 0.75, 0.6, 0.8])
    assert (band["fill"], band["showlegend"]) == ("toself", False)
    assert band["meta"]["band"] == line["meta"]["line"] == 0


def test_a_reference_is_one_line_through_the_places_in_their_order():
    rows = [
        {"x": 0.5, "y": 3, "rule": "a", "even": 1},
        {"x": 0.1, "y": 4, "rule": "a", "even": 1},
        {"x": 0.5, "y": 2, "rule": "b", "even": 1},
    ]
    figure = figure_of(
        line_chart(rows, x="x", y={"y": ""}, by="rule", reference={"even": "<b>"}, title="t")
    )
    line = figure["data"][-1]
    assert (line["x"], line["y"], line["name"]) == ([0.1, 0.5], [1, 1], "&lt;b&gt;")
    assert line["meta"] == {"reference": True}
    one = line_chart(rows, x="x", y={"y": ""}, reference={"even": "even"}, title="t")
    assert figure_of(one)["layout"]["showlegend"] is True


def test_an_axis_can_be_logarithmic_and_shares_on_it_keep_their_first_digit():
    rows = [{"x": 0.01, "y": 0.5}, {"x": 0.1, "y": 0.9}]
    layout = figure_of(
        line_chart(
            rows, x="x", y={"y": ""}, logarithmic=["x"], title="t",
            as_percent=True, x_as_percent=True,
        )
    )["layout"]  # fmt: skip
    assert (layout["xaxis"]["type"], layout["xaxis"]["tickformat"]) == ("log", ".1~%")
    assert (layout["yaxis"].get("type"), layout["yaxis"]["tickformat"]) == (None, ".0%")
    plain = figure_of(line_chart(rows, x="x", y={"y": ""}, logarithmic=["y"], title="t"))["layout"]
    assert (plain["yaxis"]["type"], plain["yaxis"]["tickformat"]) == ("log", "")


def test_a_precision_recall_curve_goes_in_steps():
    rows = [{"x": 1, "y": 1}, {"x": 2, "y": 3}]
    line = figure_of(line_chart(rows, x="x", y={"y": ""}, steps=True, title="t"))["data"][0]
    assert line["line"] == {"shape": "vh"}
    line = figure_of(line_chart(rows, x="x", y={"y": ""}, title="t"))["data"][0]
    assert "shape" not in line.get("line", {})


AUCS = [
    {"name": "BG/NBD", "auc": 0.6, "low": 0.5, "high": 0.8, "on": "test", "chance": 0.5},
    {"name": "recency", "auc": 0.55, "low": None, "high": None, "on": "test", "chance": 0.5},
    {"name": "BG/NBD", "auc": 0.58, "low": None, "high": None, "on": "folds", "chance": 0.5},
]


def test_dots_have_intervals_where_there_are_any_and_stand_beside_their_names():
    figure = figure_of(
        interval_chart(
            AUCS, x="name", y={"auc": "AUC"}, band=("low", "high"), by="on", horizontal=True,
            reference={"chance": "chance"}, title="t",
        )
    )  # fmt: skip
    test, folds = figure["data"]
    assert (test["name"], test["y"], test["x"]) == ("test", ["BG/NBD", "recency"], [0.6, 0.55])
    assert test["error_x"]["array"] == [pytest.approx(0.2), None]
    assert test["error_x"]["arrayminus"] == [pytest.approx(0.1), None]
    assert (test["error_x"]["visible"], folds["error_x"]["visible"]) == (True, False)
    assert [trace["meta"] for trace in figure["data"]] == [{"dots": 0}, {"dots": 1}]
    layout = figure["layout"]
    assert layout["yaxis"]["categoryarray"] == ["BG/NBD", "recency"]
    assert layout["yaxis"]["range"] == [1.5, -0.5]  # the first on top
    (line,) = layout["shapes"]
    assert (line["x0"], line["x1"], line["yref"], line["name"]) == (0.5, 0.5, "paper", "chance")


def test_the_axis_of_intervals_shows_all_of_them_and_the_reference_and_not_much_else():
    figure = figure_of(
        interval_chart(
            AUCS, x="name", y={"auc": "AUC"}, band=("low", "high"), horizontal=True,
            reference={"chance": "chance"}, title="t",
        )
    )  # fmt: skip
    begin, end = figure["layout"]["xaxis"]["range"]
    assert 0.4 < begin < 0.5
    assert 0.8 < end < 0.9


def test_dots_over_numbers_have_their_intervals_upright_and_a_diagonal():
    rows = [
        {"said": 0.02, "came": 0.01, "low": 0.005, "high": 0.02},
        {"said": 0.01, "came": 0.02, "low": 0.01, "high": 0.04},
    ]
    figure = figure_of(
        interval_chart(
            rows, x="said", y={"came": "came true"}, band=("low", "high"),
            reference={"said": "right"}, as_percent=True, x_as_percent=True, title="t",
        )
    )  # fmt: skip
    dots, diagonal = figure["data"]
    assert dots["error_y"]["array"] == pytest.approx([0.01, 0.02])
    assert dots["error_y"]["arrayminus"] == pytest.approx([0.005, 0.01])
    assert diagonal["x"] == diagonal["y"] == [0.01, 0.02]
    assert figure["layout"]["xaxis"]["tickformat"] == ".1%"


STEPS = [
    {"above": None, "most": 1.5, "ratio": 0.5, "share": 0.9},
    {"above": 1.5, "most": 4.0, "ratio": 2.0, "share": 0.08},
    {"above": 4.0, "most": None, "ratio": 8.0, "share": 0.02},
]


def step_figure(rows, **settings):
    """The steps of some rows."""
    columns = {"above": "above", "most": "most", "y": "ratio", "density": "share"}
    return figure_of(step_chart(rows, **columns, form=decimal, title="t", **settings))


def test_steps_are_drawn_to_their_end_over_the_share_of_data_in_them():
    figure = step_figure(STEPS)
    line, bars = figure["data"]
    assert (line["x"], line["y"]) == ([0, 1, 2, 3], [0.5, 2.0, 8.0, 8.0])
    assert line["line"]["shape"] == "hv"
    assert line["text"][:3] == ["up to 1.50", "above 1.50, up to 4.00", "above 4.00"]
    assert (bars["x"], bars["y"], bars["yaxis"]) == ([0.5, 1.5, 2.5], [0.9, 0.08, 0.02], "y2")
    axis = figure["layout"]["xaxis"]
    assert dict(zip(axis["tickvals"], axis["ticktext"], strict=True)) == {1: "1.50", 2: "4.00"}


def test_borders_of_steps_are_rounded_by_their_size_in_names_and_on_the_axis():
    borders = [0.127, 45.68, 250.4]
    rows = [
        {"above": above, "most": most, "ratio": 1.0, "share": 0.25}
        for above, most in zip([None, *borders], [*borders, None], strict=True)
    ]
    figure = step_figure(rows)
    assert figure["data"][0]["text"][:4] == [
        "up to 0.13", "above 0.13, up to 45.70", "above 45.70, up to 250.00", "above 250.00",
    ]  # fmt: skip
    assert figure["layout"]["xaxis"]["ticktext"] == ["0.13", "45.70", "250.00"]


def test_pictures_of_steps_that_are_compared_have_one_axis():
    begin, end = step_figure(STEPS, within=(0.0, 10.0))["layout"]["yaxis"]["range"]
    assert -1 < begin < 0 and 10 < end < 11
    axis = step_figure(STEPS, within=(0.1, 10.0), logarithmic=True)["layout"]["yaxis"]
    assert axis["type"] == "log"
    assert -1.5 < axis["range"][0] < -1 and 1 < axis["range"][1] < 1.5  # powers of ten


def test_of_many_borders_few_are_written_and_a_feature_without_any_is_one_step():
    rows = [{"above": n or None, "most": n + 1.0, "ratio": 1.0, "share": 0.02} for n in range(50)]
    assert 3 <= len(step_figure(rows)["layout"]["xaxis"]["tickvals"]) <= 5
    figure = step_figure([{"above": None, "most": None, "ratio": 1.0, "share": 1.0}])
    assert figure["data"][0]["text"][0] == "every value"
    assert figure["layout"]["xaxis"]["tickvals"] == []
    assert "nothing to show" in step_chart(
        [], above="a", most="m", y="y", density="d", form=decimal, title="t"
    )
