"""What a command checks before it loads or makes anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from raw_files import CUSTOMERS, ORDERS
from shops import BIN, Shop, generate_demo_shop
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.cli.checking import (
    READ_SCHEMAS,
    check_data_dir,
    check_tables,
    check_warehouse_place,
    check_writable,
)
from orchestration.dates import check_dates
from orchestration.errors import RegularsError


def typed(shop: Shop, *command: str, **settings: str) -> str:
    """The sentence with which a command is refused, typed as a user would, in their own process."""
    done = subprocess.run(
        [BIN / "regulars", *command],
        env=shop.environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def nothing(tmp_path) -> Shop:
    """A folder of raw files, empty, and a place for a warehouse that is not there."""
    (tmp_path / "data").mkdir()
    return Shop(tmp_path / "data", tmp_path / "warehouse")


@pytest.mark.parametrize(
    ("command", "settings", "sentence"),
    [
        (("--as-of", "2018-13-40"), {}, "as_of_date must be a day of the calendar"),
        (("--as-of", "2018-02-29"), {}, "as_of_date must be a day of the calendar"),
        (("--as-of", "yesterday"), {}, "as_of_date must look like 2018-09-01"),
        (("--as-of", "2018-9-1"), {}, "as_of_date must look like 2018-09-01"),
        (("--as-of", "\uff12\uff10\uff11\uff18-09-01"), {}, "as_of_date must look like 2018-09-01"),
        (("--as-of", "2016-12-31"), {}, "as_of_date must be after the usable window opens"),
        (("--as-of", ""), {}, "--as-of is empty"),
        (("--as-of", "9999-12-31"), {}, "as_of_date must be at most 20 years after the usable"),
        (("--snapshot-dates", "foo"), {}, "each of snapshot_dates must look like 2018-09-01"),
        (("--snapshot-dates", "2017-09-01,2017-09-31"), {}, "must be a day of the calendar"),
        (("--snapshot-dates", "2018-09-01"), {}, "each of snapshot_dates must be 2018-08-30"),
        ((), {"REGULARS_AS_OF_DATE": "tomorrow"}, "as_of_date must look like 2018-09-01"),
        ((), {"REGULARS_SNAPSHOT_DATES": "2017-1-1"}, "each of snapshot_dates must look like"),
    ],
)
def test_a_date_that_is_none_is_refused_in_a_sentence_before_anything_is_loaded(
    nothing, command, settings, sentence
):
    line = typed(nothing, "build", *command, **settings)
    assert sentence in line
    assert not nothing.folder.exists()


WINDOW_START = "2017-01-01"  # the first whole month of the published orders


@pytest.mark.parametrize(
    "settings",
    [{"REGULARS_AS_OF_DATE": day} for day in ("2018-13-40", "soon", "2016-01-01", "9999-12-31")]
    + [
        {"REGULARS_SNAPSHOT_DATES": "2017-02-30"},
        {"REGULARS_SNAPSHOT_DATES": "2999-01-01"},
        {"REGULARS_WINDOW_START_DATE": "foo"},
        {"REGULARS_WINDOW_START_DATE": "2018-09-01"},
    ],
)
def test_a_date_that_is_refused_is_shown_and_its_setting_named_once(settings):
    ((name, value),) = settings.items()
    with pytest.raises(RegularsError) as caught:
        check_dates(settings)
    message = str(caught.value)
    assert message.count(name) == 1
    assert value in message


@hypothesis_settings(deadline=None)
@given(st.dates(date(2010, 1, 1), date(2050, 12, 31)))
def test_exactly_the_days_of_twenty_years_after_the_window_opens_may_be_the_as_of_date(day):
    try:
        dates = check_dates({"REGULARS_AS_OF_DATE": day.isoformat()})
    except RegularsError:
        dates = []
    assert bool(dates) == (date.fromisoformat(WINDOW_START) < day <= date(2037, 1, 1))
    if dates:
        months = (day.year - 2017) * 12 + day.month - (day.day == 1)
        assert len(dates) == months + 1
        assert dates[0] == WINDOW_START
        assert dates[-1] == day.isoformat()


@hypothesis_settings(deadline=None)
@given(st.text("0123456789-", min_size=6, max_size=11))
def test_exactly_what_the_calendar_has_is_taken_for_a_date(text):
    """The calendar of Python, which is another one than the macro's."""
    try:
        is_day = bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and bool(date.fromisoformat(text))
    except ValueError:
        is_day = False
    try:
        check_dates({"REGULARS_SNAPSHOT_DATES": text, "REGULARS_AS_OF_DATE": "2037-01-01"})
        message = ""
    except RegularsError as error:
        message = str(error)
    assert ("must look like" in message or "of the calendar" in message) == (not is_day)


def test_every_month_from_the_window_on_is_a_snapshot_unless_dates_are_given():
    months = check_dates({})
    assert months[0] == "2017-01-01"
    assert months[-2:] == ["2018-08-01", "2018-08-30"]
    assert len(months) == 21  # twelve of 2017, eight of 2018, the as-of date
    given = {"REGULARS_SNAPSHOT_DATES": "2018-02-01, 2017-07-01"}
    assert check_dates(given) == ["2017-07-01", "2018-02-01", "2018-08-30"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"REGULARS_DATA_DIR": "{}/nowhere"}, "nowhere does not exist; set REGULARS_DATA_DIR"),
        ({"REGULARS_DATA_DIR": "{}/text"}, "text is a file; set REGULARS_DATA_DIR"),
        ({"REGULARS_WAREHOUSE": "{}/data"}, "REGULARS_WAREHOUSE is a folder"),
        ({"REGULARS_WAREHOUSE": "{}/text"}, "text is no DuckDB file (it begins with b'some text')"),
        ({"REGULARS_WAREHOUSE": "{}/text/w.duckdb"}, "since {}/text is a file"),
        ({"REGULARS_WAREHOUSE": "{}/text/a/b/w.duckdb"}, "since {}/text is a file"),
        ({"REGULARS_WAREHOUSE": "~/w.duckdb"}, "no shell has read it"),
        ({"REGULARS_WAREHOUSE": "/dev/null"}, "REGULARS_WAREHOUSE is no file"),
    ],
)
def test_a_place_that_is_wrong_is_refused_in_a_sentence_and_nothing_is_made(
    nothing, tmp_path, settings, sentence
):
    (tmp_path / "text").write_text("some text")
    before = sorted(tmp_path.rglob("*"))
    filled = {name: value.replace("{}", str(tmp_path)) for name, value in settings.items()}
    assert sentence.replace("{}", str(tmp_path)) in typed(nothing, "load", **filled)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("models", "list"),
        ("models", "show", "kmeans"),
        ("models", "promote", "kmeans"),
        ("models", "rollback", "--purpose", "churn"),
        ("fit",),
        ("score",),
        ("report",),
        ("publish",),
    ],
)
def test_where_no_warehouse_is_none_is_made_by_mistake(nothing, command):
    line = typed(nothing, *command)
    assert "there is no warehouse at" in line
    assert "run `regulars build` first" in line
    assert not nothing.folder.exists()


@pytest.mark.parametrize("command", ["build", "load"])
def test_a_folder_without_the_files_is_refused_before_anything_is_made(nothing, command):
    assert "_dataset.csv is missing from" in typed(nothing, command)
    assert not nothing.folder.exists()


def test_a_column_that_a_file_lacks_is_said_before_anything_is_made(tmp_path):
    generate_demo_shop(tmp_path, order_count=100, seed=1)
    check_data_dir(tmp_path)
    customers = tmp_path / f"{CUSTOMERS}.csv"
    customers.write_text(customers.read_text().replace("customer_city", "town", 1))
    with pytest.raises(RegularsError, match="customer_city"):
        check_data_dir(tmp_path)


@pytest.mark.parametrize(("schema", "jobs"), [("marts", ("report", "publish")),
                                              ("features", ("fit", "score"))])  # fmt: skip
def test_a_job_is_refused_in_a_sentence_where_what_it_reads_is_not_there(tmp_path, schema, jobs):
    path = tmp_path / "regulars.duckdb"
    folder = Path("dbt_project/models").resolve()
    models = sorted(
        ("marts_ml" if "diagnostics" in model.parts else schema, model.stem)
        for model in (folder / schema).rglob("*.sql")
    )
    assert len({name for name, _ in models}) == (2 if schema == "marts" else 1)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema canonical")
        for model in (folder / "canonical").rglob("*.sql"):
            connection.execute(f"create table canonical.{model.stem} (a integer)")
    for job in jobs:
        with pytest.raises(RegularsError, match=f"no tables in schema {schema} yet; run `regu"):
            check_tables(path, READ_SCHEMAS[job])
    with duckdb.connect(str(path)) as connection:
        for model_schema, name in models[1:]:
            connection.execute(f"create schema if not exists {model_schema}")
            connection.execute(f"create table {model_schema}.{name} (a integer)")
    for job in jobs:
        if schema == "features":  # a fit for one purpose needs but some of them
            check_tables(path, READ_SCHEMAS[job])
            continue
        with pytest.raises(
            RegularsError, match=rf"lacks {schema}\.{models[0][1]}; run `regulars build"
        ):
            check_tables(path, READ_SCHEMAS[job])
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create view {schema}.{models[0][1]} as select 1 as a")
    for job in jobs:
        check_tables(path, READ_SCHEMAS[job])


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("build", "--data-dir", ""), "--data-dir"),
        (("load", "--data-dir", "  "), "--data-dir"),
        (("demo", "--out", ""), "--out"),
        (("build", "--snapshot-dates", ""), "--snapshot-dates"),
    ],
)
def test_an_option_that_is_empty_is_refused_by_its_own_name(command, name):
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, RegularsError)
    assert str(result.exception).startswith(f"{name} is empty")


def test_a_load_that_fails_leaves_no_empty_warehouse(nothing):
    generate_demo_shop(nothing.data_dir, order_count=100, seed=1)
    with (nothing.data_dir / f"{ORDERS}.csv").open("a") as stream:
        stream.write("half a row\n")
    done = nothing.run("regulars", "load", check=False)
    assert done.returncode == 1
    assert "Loading the files failed" in done.stderr
    assert "No warehouse was made." in done.stderr
    assert not nothing.warehouse.exists()


def test_what_one_has_no_right_to_is_refused_by_name():
    """As another user than root, whom no right holds back."""
    folder = Path(tempfile.mkdtemp())
    warehouse = folder / "w.duckdb"
    warehouse.write_bytes(b"\0" * 8 + b"DUCK")
    (folder / "data").mkdir()
    folder.chmod(0o755)
    warehouse.chmod(0o444)
    (folder / "data").chmod(0o300)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.setresuid(65_534, 65_534, 0)
        check_warehouse_place(warehouse)
        for place in (warehouse, folder / "new" / "w.duckdb"):
            if place == warehouse or is_root:
                with pytest.raises(RegularsError, match="you have no right to write to"):
                    check_writable(place)
        with pytest.raises(RegularsError, match="you have no right to read"):
            check_data_dir(folder / "data")
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        (folder / "data").chmod(0o700)
        shutil.rmtree(folder)


def test_a_demo_shop_elsewhere_makes_no_folder_for_a_warehouse(nothing, tmp_path):
    nothing.run("regulars", "demo", "--orders", "100", "--out", str(tmp_path / "shop"))
    assert (tmp_path / "shop" / f"{ORDERS}.csv").exists()
    assert not nothing.folder.exists()
    (tmp_path / "text").write_text("some text")
    out = str(tmp_path / "text" / "shop")
    assert "is a file; name another folder" in typed(nothing, "demo", "--out", out)


@pytest.mark.parametrize("command", [("--version",), ("--help",), ("status",), ("models", "list")])
def test_a_look_starts_without_dagster_and_dbt(demo, command):
    """What takes long to import; the modules that it imported are listed by Python."""
    listed = subprocess.run(
        [BIN / "python", "-X", "importtime", BIN / "regulars", *command],
        env=demo.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in listed.splitlines()}
    assert "duckdb" in imported
    assert not imported & {"dagster", "dbt", "dagster_dbt", "sklearn", "scipy", "plotly", "pyarrow"}


def test_the_version_is_that_of_the_project(nothing):
    text = Path("pyproject.toml").resolve().read_text()
    (version,) = re.findall(r'^version = "(.+)"$', text, re.MULTILINE)
    assert nothing.run("regulars", "--version").stdout == f"Regulars {version}\n"
