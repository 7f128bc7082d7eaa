"""What a build ends with: one screen, however much there is to say."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import jinja2
import pytest
from rich.console import Console

from ml.purposes import PURPOSES
from ml.store.champions import write_not_eligible
from orchestration.cli.failures import describe_step, tidy
from orchestration.cli.history import describe_usual_time, remember_run, run_of
from orchestration.cli.overview import Overview, read_findings, read_overview
from orchestration.cli.status import describe_status
from orchestration.cli.summary import print_lines, summarize
from orchestration.data_warnings import DataWarning, compare_data_warnings
from orchestration.definitions import defs
from orchestration.schedules import JOBS
from orchestration.settings import Settings

COLUMNS, LINES = 100, 24
ODD = DataWarning("guests", "canonical.orders", None, "orders of guests", 3)
MODEL_ID = "random_forest-20180830-b8622fc9"


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A built shop's places, whose names are long."""
    folder = tmp_path / "-".join(["a folder whose name is long"] * 4)
    for place in ("published/regulars.duckdb", "site/index.html", "regulars.duckdb"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).touch()
    return Settings(folder / "regulars.duckdb", None, 0, 20_000, 1)


@pytest.fixture
def overview() -> Overview:
    """A shop with more to say than there is room for."""
    return Overview(
        source="the files in /data",
        loaded_at=datetime(2026, 1, 2, 3, 4),
        as_of_date=date(2018, 8, 30),
        currency_code="BRL",
        customer_count=94_990,
        order_count=98_206,
        revenue=Decimal("15738970.55"),
        repeat_share=0.0304,
        champions={
            "churn": f"{MODEL_ID}: ROC AUC 0.601 (0.581 to 0.623) as of 2018-03-01. "
            + "Why. " * 20,
            "segmentation": f"{MODEL_ID}: 6 segments; it reaches every acceptance threshold.",
        },
        passed_count=699,
        failed_tests=tuple(f"a_test_with_a_rather_long_name_{number}" for number in range(40)),
        missing_count=6,
        findings=tuple(f"Line {number} of orders.csv is odd. " * 4 for number in range(500)),
    )


def printed(lines) -> list[str]:
    text = io.StringIO()
    print_lines(Console(file=text, width=COLUMNS, highlight=False, markup=False), lines)
    return text.getvalue().splitlines()


def test_the_summary_of_a_build_fits_one_screen_and_says_all_that_matters(settings, overview):
    lines = printed(
        summarize(settings, "whole_build", 192.0, overview, compare_data_warnings([ODD], None))
    )
    assert len(lines) <= LINES - 2  # the line on where everything else is, and the prompt
    places = [line for line in lines if str(settings.folder) in line]
    assert all(len(line) <= COLUMNS for line in lines if line not in places)
    text = " ".join(" ".join(lines).split())
    for expected in (
        "Built in 3 min 12 s from the demo shop (20,000 generated orders, seed 1), as of 2018-08",
        "94,990", "98,206", "BRL 15,738,970.55", "3.0% bought more than once",
        "Data 1 thing to know: marts.data_warnings, or the report's page",
        "699 passed, 40 failed (a_test_with_a_rather_long_name_0", "and 37 more, see raw.test_log",
        "6 not run", "Line 0 of orders.csv is odd.", "498 more: raw.input_findings",
        f"Churn {MODEL_ID}: ROC AUC", f"Segments {MODEL_ID}: 6 segments",
        f"Report {settings.site_dir / 'index.html'}",
        f"For BI {settings.published_dir / 'regulars.duckdb'}",
    ):  # fmt: skip
        assert expected in text, expected


def test_a_narrow_screen_breaks_no_word(settings, overview, monkeypatch):
    monkeypatch.setattr("orchestration.cli.summary.WIDTH", 60)
    lines = printed(summarize(settings, "score", 2.0, overview))
    assert sum(MODEL_ID in line for line in lines) == 2


def test_a_step_by_hand_says_what_it_made_and_no_more(settings, overview):
    assert [line[0] for line in summarize(settings, "publish", 2.0, overview)] == ["", "For BI"]
    assert [line[0] for line in summarize(settings, "report", 2.0, overview)] == ["", "Report"]
    fitted = summarize(settings, "fit_churn", 2.0, overview)
    assert [line[0] for line in fitted] == ["", "Churn", "Segments"]


def test_the_status_says_from_what_as_of_when_and_when_it_was_published(settings, overview):
    text = " ".join(" ".join(printed(describe_status(settings, overview))).split())
    for expected in (
        "Built from the files in /data, loaded 2026-01-02 03:04 UTC", "As of 2018-08-30",
        f"Churn {MODEL_ID}", "699 passed", str(settings.site_dir), " UTC",
    ):  # fmt: skip
        assert expected in text, expected
    (settings.published_dir / "regulars.duckdb").unlink()
    text = " ".join(" ".join(printed(describe_status(settings, overview))).split())
    assert "For BI none; `regulars publish` makes it" in text


def test_of_an_empty_warehouse_the_status_says_what_comes_first(settings):
    with duckdb.connect() as connection:
        empty = read_overview(connection)
    text = " ".join(" ".join(printed(describe_status(settings, empty))).split())
    assert "Built from nothing; `regulars load` or `regulars build` loads files" in text
    assert "Tests none has run" in text


def test_every_purpose_has_a_line_that_says_why_it_has_no_model():
    """A shop of one customer: churn could not be fitted, and nobody was studied."""
    with duckdb.connect() as connection:
        none = "no model yet; `regulars build` fits some."
        assert read_overview(connection).champions == dict.fromkeys(PURPOSES, none)
        macro = Path("dbt_project/macros/ml/create_model_tables.sql").resolve().read_text("utf-8")
        ddl = jinja2.Template(macro + "{{ create_model_tables() }}")
        connection.execute(ddl.render(type_double=lambda: "double"))
        connection.execute(
            "create schema features; create table features.as_of_dates as "
            "select date '2018-08-30' as as_of_date; "
            "create table features.customer_feature_snapshots as "
            "select 'ana' as customer_id, date '2018-08-30' as as_of_date"
        )
        write_not_eligible(connection, "churn", date(2018, 8, 30), "too few", {}, "1")
        assert read_overview(connection).champions == {
            "churn": "no model: too few.",
            "segmentation": "no model: 1 customer, expected at least 100.",
        }
        connection.execute(
            "insert into features.customer_feature_snapshots "
            "select 'c' || i, date '2018-08-30' from range(99) as numbers (i)"
        )
        sentence = read_overview(connection).champions["segmentation"]
        assert sentence == "no model yet; `regulars fit --purpose segmentation` fits one."


def test_findings_are_read_where_the_load_wrote_some_in_its_order_of_importance():
    with duckdb.connect() as connection:
        assert read_findings(connection) == ()
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.input_findings (finding_code varchar, table_name varchar, "
            "file_name varchar, column_name varchar, line_number bigint, found_value varchar, "
            "affected_count bigint, message varchar, remedy varchar, found_at timestamp)"
        )
        connection.execute(
            "insert into raw.input_findings (finding_code, affected_count, message, remedy) values "
            "('a', null, 'All.', 'Look.'), ('b', 9, 'Nine.', null), ('c', 1, 'One.', 'Mend it.')"
        )
        assert read_findings(connection) == ("All. Look.", "Nine.", "One. Mend it.")


def test_how_long_a_build_takes_is_known_from_the_last_ones_of_the_same_shop(settings, tmp_path):
    assert "takes about 3 min for about 20,000 orders (a guess" in describe_usual_time(settings)
    for seconds in (100.0, 300.0, 200.0):
        remember_run(settings, run_of(settings, seconds))
    assert describe_usual_time(settings) == "usually takes 3 min 20 s (by the last 3)"
    other = replace(settings, data_dir=tmp_path)
    assert "a guess" in describe_usual_time(other)
    (settings.folder / "build_times.json").write_text("half of a fi")
    assert "a guess" in describe_usual_time(settings)
    remember_run(settings, run_of(settings, 60.0))
    assert describe_usual_time(settings) == "usually takes 1 min (by the last one)"
    assert len(json.loads((settings.folder / "build_times.json").read_text())) == 1


def test_what_dbt_says_of_failed_tests_is_told_without_its_noise():
    message = tidy(
        "Failure in test not_null_orders_state (dbt_project/models/marts/_m.yml)\n"
        "  Got 18 results, configured to fail if != 0\n\n"
        "  compiled code at target/compiled/regulars/x.sql\n\n"
        "Runtime Error in model orders (dbt_project/models/marts/orders.sql)\n"
        "  Binder Error: no column\n"
        "  compiled code at target/run/regulars/orders.sql\n"
        "The tables of this attempt are in failed/, beside the warehouse."
    )
    assert message.splitlines() == [
        "test not_null_orders_state found 18 rows that it should not "
        "(dbt_project/models/marts/_m.yml)",
        "model orders (dbt_project/models/marts/orders.sql):",
        "  Binder Error: no column",
        "The tables of this attempt are in failed/, beside the warehouse.",
    ]


def test_every_step_of_every_job_and_of_progress_is_named_by_what_it_does():
    steps = {node.name for job in JOBS for node in defs.resolve_job_def(job.name).nodes} | {
        name.replace("{family}", "kmeans").partition("{")[0]
        for path in Path("orchestration").resolve().rglob("*.py")
        for name in re.findall(r'progress\.begin\(f?"([^"]+)"', path.read_text())
    }
    assert {"study_segmentations", "study", "champions", "score by library", "dbt ("} <= steps
    words = {step: describe_step(step).split()[0] for step in steps}
    assert {step for step, word in words.items() if not word.endswith("ing")} == set()


def test_one_order_is_not_called_orders(tmp_path):
    one = Settings(tmp_path / "regulars.duckdb", None, 0, 1, 1)
    assert "for about 1 order (a guess" in describe_usual_time(one)


def test_no_file_of_the_command_line_is_long():
    folder = Path("orchestration/cli").resolve()
    assert {path.name: count for path in folder.glob("*.py")
            if (count := len(path.read_text().splitlines())) > 300} == {}  # fmt: skip
