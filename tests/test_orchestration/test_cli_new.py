"""`regulars new`: what it writes is what the tests hold one to, and it is all or nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from shops import BIN, COMMANDS, PROJECT_DIR

from orchestration.errors import RegularsError
from orchestration.scaffolding.changes import Changes
from orchestration.scaffolding.mart import plan_mart
from orchestration.scaffolding.page import free_number, plan_page
from orchestration.scaffolding.yaml_insert import insert_entry
from reports.build import build_report, read_page

FOLDERS = ("dbt_project", "seeds", "tests/sql", "reports/pages")
FILES = ("dbt_project.yml", "profiles.yml", "pyproject.toml")
MART, ROOM, PAGE = "repeat_buyers", "loyalty", "loyal_months"
CUSTOMERS = "dbt_project/models/marts/customers"
# Put together, since a source's name may stand in no file of the project, this one included.
SOURCE = "tea" + "shed"
SALES = {
    "sales": "sale_no,person_no,sold_at,fate\n"
    "S1,P1,2022-03-01 10:00:00,delivered\n"
    "S2,P1,2022-04-01 10:00:00,canceled\n"
    "S3,P2,2022-05-01 10:00:00,shipped\n",
    "sale_positions": "sale_no,pos,article_no,pieces,each_price\n"
    "S1,1,A1,2,3.50\nS1,2,A2,1,10.00\nS2,1,A1,1,3.50\nS3,1,A2,3,9.99\n",
    "people": "person_no,mail,zip,town\nP1,a@example.test,01234,Bern\nP2,b@example.test,99,Chur\n",
}


def copy_project(folder: Path) -> Path:
    """The part of the project's tree that the command reads and changes."""
    for name in FOLDERS:
        shutil.copytree(PROJECT_DIR / name, folder / name)
    for name in FILES:
        shutil.copyfile(PROJECT_DIR / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def run():
    def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("REGULARS_")}
        environment = {**kept, "REGULARS_WAREHOUSE": "new.duckdb", "COLUMNS": "160", **more}
        return COMMANDS.run(command, folder=folder, environment=environment)

    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory, run):
    """A checkout with new marts, one in a new room and one in a room that is there, a page and a
    source."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    files = tmp_path_factory.mktemp("files")
    for name, text in SALES.items():
        (files / f"{name}.csv").write_text(text)
    plan_mart(folder, MART, ROOM).write()
    plan_mart(folder, "valid_orders").write()
    for typed in (
        ("mart", "loyal_people", "--room", "operations"),
        ("page", PAGE, "--title", "Loyal months"),
        ("source", SOURCE, "--from", str(files)),
    ):
        done = run(folder, "regulars", "new", *typed)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def built(written, run):
    """The new source's warehouse up to the new marts, with every warning of dbt an error."""
    described = written / "dbt_project" / "models" / "staging" / SOURCE / f"_{SOURCE}__sources.yml"
    (source,) = yaml.safe_load(described.read_text())["sources"]
    with duckdb.connect(str(written / "new.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.load_log as select timestamp '2022-06-01' as loaded_at"
        )
        for table in source["tables"]:
            columns = {column["name"]: column["data_type"] for column in table["columns"]}
            (written / "rows.csv").write_text(SALES[table["config"]["meta"]["file"]])
            connection.execute(
                f"create table raw.{table['name']} as from read_csv(?, columns = {columns})",
                [str(written / "rows.csv")],
            )
    # Of the canonical tables' own tests those that look at what the source may not supply.
    selected = ["order_statuses", "payment_types", "state_regions", "staging", "conformed",
              "canonical,resource_type:model",
              "every_product_of_the_source_or_of_an_item_is_canonical_once",
              "canonical_payments_hold_all_that_the_source_says_was_paid",
              MART, "loyal_people", "valid_orders"]  # fmt: skip
    done = run(
        written, "dbt", "--warn-error", "build", "--show-all-deprecations",
        "--indirect-selection", "cautious", "--select", *selected, REGULARS_SOURCE=SOURCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    (counts,) = re.findall(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", done.stdout)
    assert int(counts) > 50
    with duckdb.connect(str(written / "new.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def manifest(written, built):
    """What dbt has read of it."""
    return json.loads((written / "target" / "manifest.json").read_text())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_mart_is_read_by_dbt_with_contract_descriptions_and_tests(manifest):
    mart = manifest["nodes"][f"model.regulars.{MART}"]
    assert mart["path"] == f"marts/{ROOM}/{MART}.sql"
    assert (mart["schema"], mart["group"], mart["access"]) == ("marts", "reporting", "public")
    assert mart["config"]["contract"]["enforced"]
    assert "One row per" in mart["description"]
    assert mart["raw_code"].startswith("{# One row per ")
    assert all(column["description"] and column["data_type"] for column in mart["columns"].values())
    tests = {
        node["test_metadata"]["name"]
        for node in manifest["nodes"].values()
        if node.get("attached_node") == mart["unique_id"]
    }
    assert {"unique", "not_null", "relationships", "money_is_conserved"} <= tests


def test_a_new_mart_and_a_new_source_are_built_and_pass_their_own_tests(built):
    """Valid orders before the as-of date: S1 comes to 17.00 and S3 to 29.97; S2 was canceled."""
    rows = f"select customer_id, order_count, order_amount from marts.{MART} order by all"
    assert built.execute(rows).fetchall() == [
        ("P1", 1, Decimal("17.00")), ("P2", 1, Decimal("29.97")),
    ]  # fmt: skip
    places = "select customer_id, postal_code, city from canonical.customers order by all"
    assert built.execute(places).fetchall() == [("P1", "01234", "Bern"), ("P2", "99", "Chur")]


def test_a_new_source_is_private_described_and_tested(manifest):
    models = [node for node in manifest["nodes"].values()
              if node["resource_type"] == "model" and f"_{SOURCE}__" in node["name"]]  # fmt: skip
    assert {(node["schema"], node["group"], node["access"]) for node in models} == {
        ("staging", "ingestion", "private"), ("conformed", "ingestion", "private"),
    }  # fmt: skip
    assert all("One row" in node["description"] for node in models)
    sources = [node for node in manifest["sources"].values() if node["source_name"] == SOURCE]
    assert {node["name"] for node in sources} == SALES.keys()
    for node in [*sources, *(model for model in models if model["schema"] == "staging")]:
        assert "One row" in node["description"]
        columns = node["columns"].values()
        assert all(column["description"] and column["data_type"] for column in columns)
    joining = {node["unique_id"] for node in models
               if " join " in node["raw_code"] and "__measure_" not in node["name"]}  # fmt: skip
    guarded = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") in ("grain_is_kept", "money_is_conserved")
    }
    assert joining
    assert joining <= guarded


def test_the_switches_leave_every_other_source_as_it_was(written):
    before = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
    after = yaml.safe_load((written / "dbt_project.yml").read_text())
    source = f"(env_var('REGULARS_SOURCE', '') or var('source', '{before['vars']['source']}'))"
    switch = {"+enabled": f"{{{{ {source} == '{SOURCE}' }}}}"}
    for folders in (
        after["models"]["regulars"]["staging"], after["models"]["regulars"]["conformed"],
        after["sources"]["regulars"]["staging"],
        after["data_tests"]["regulars"]["models"]["staging"],
        after["data_tests"]["regulars"]["models"]["conformed"],
    ):  # fmt: skip
        assert folders.pop(SOURCE) == switch
    settings = after["vars"]["source_defaults"].pop(SOURCE)
    assert settings["as_of_date"] == "2022-05-02"
    assert after == before


def test_every_place_that_lists_the_marts_names_a_new_one(manifest):
    marts = {
        unique_id: node["config"]["materialized"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["schema"] in ("marts", "marts_ml")
        and node["config"]["materialized"] != "ephemeral"
    }
    assert marts[f"model.regulars.{MART}"] == "table"
    published = manifest["exposures"]["exposure.regulars.published_copy"]
    assert set(published["depends_on"]["nodes"]) == {
        unique_id for unique_id, materialized in marts.items() if materialized != "view"
    }
    overview = manifest["docs"]["doc.regulars.__overview__"]["block_contents"]
    rows = re.findall(r"^\| [^|]+ \| `marts(?:_ml)?\.([^`]+)` \|", overview, flags=re.MULTILINE)
    assert sorted(rows) == sorted(name.rpartition(".")[2] for name in marts)


def test_a_new_page_builds_and_reads_marts_of_the_report_only(written, manifest, tmp_path):
    (path,) = (written / "reports" / "pages").glob(f"*-{PAGE.replace('_', '-')}.md")
    page = read_page(path)
    assert page.title == "Loyal months"
    report = manifest["exposures"]["exposure.regulars.regulars_report"]
    listed = {name.rpartition(".")[2] for name in report["depends_on"]["nodes"]}
    assert set(re.findall(r"\bmarts\.(\w+)", path.read_text())) <= listed
    pages, site = tmp_path / "pages", tmp_path / "site"
    pages.mkdir()
    site.mkdir()
    shutil.copyfile(path, pages / path.name)
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.build_info as "
            "select date '2018-08-30' as as_of_date, 'BRL' as currency_code"
        )
        connection.execute(
            "create table marts.orders_monthly (order_month_date date, order_count integer, "
            "order_amount decimal(18, 2))"
        )
        connection.execute(
            "insert into marts.orders_monthly values (?, ?, ?), (?, ?, ?)",
            [date(2018, 6, 1), 3, Decimal("150.00"), date(2018, 7, 1), 4, Decimal("250.50")],
        )
        connection.execute(
            "create table marts.shop_totals as select sum(order_count)::integer as order_count, "
            "sum(order_amount) as order_amount from marts.orders_monthly"
        )
        (built,) = build_report(connection, site, pages_dir=pages)
        text = built.read_text(encoding="utf-8")
        assert "7 valid orders" in re.sub(r"<[^>]+>|&nbsp;|\s", " ", text).replace("\xa0", " ")
        assert text.count("<figure") == 2
        connection.execute("delete from marts.orders_monthly")
        connection.execute("update marts.shop_totals set order_count = 0, order_amount = 0")
        (empty,) = build_report(connection, site, pages_dir=pages)
        assert "None" not in empty.read_text(encoding="utf-8")


def test_a_new_page_has_a_number_of_its_own_between_the_others(written):
    names = [path.name for path in (written / "reports" / "pages").glob("*.md")]
    numbers = [name.partition("-")[0] for name in names]
    assert len(set(numbers)) == len(numbers)
    assert {len(number) for number in numbers} == {2}


def test_new_sql_reads_as_the_linter_wants_it(written):
    models = written / "dbt_project" / "models"
    new = [models / "marts" / ROOM, models / "marts" / "customers" / "valid_orders.sql",
           models / "staging" / SOURCE, models / "conformed" / SOURCE]  # fmt: skip
    done = subprocess.run(
        [BIN / "sqlfluff", "lint", "--processes", "1", *new],
        cwd=written, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_only_lines_are_added_to_files_that_are_there(written):
    before, after = contents(PROJECT_DIR / "dbt_project"), contents(written / "dbt_project")
    changed = {name for name, text in before.items() if after[name] != text}
    assert changed == {
        "docs/overview.md", "models/exposures.yml", "models/marts/customers/_customers__models.yml",
        "models/marts/operations/_operations__models.yml",
    }  # fmt: skip
    for name in changed:
        left = iter(after[name].splitlines())
        assert all(line in left for line in before[name].splitlines()), name


def test_each_file_and_what_comes_next_is_printed(tmp_path, run):
    folder = copy_project(tmp_path)
    before = contents(folder)
    done = run(folder / "seeds", "regulars", "new", "mart", MART, "--room", ROOM)
    after = contents(folder)
    lines = re.findall(r"^(new|changed) +(\S+)$", done.stdout, flags=re.MULTILINE)
    assert {path for kind, path in lines if kind == "new"} == after.keys() - before.keys()
    assert {path for kind, path in lines if kind == "changed"} == {
        name for name, text in before.items() if after[name] != text
    }
    assert f"dbt build --select {MART}" in done.stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RepeatBuyers", "must be in lower snake case, like repeat_buyers, got 'RepeatBuyers'"),
        ("repeat-buyers", "must be in lower snake case"),
        ("2_orders", "must be in lower snake case"),
        ("repeat__buyers", "must be in lower snake case"),
        ("buyers_", "must be in lower snake case"),
        ("käufer", "must be in lower snake case"),
        ("../orders", "must be in lower snake case"),
        ("buyers\n", "must be in lower snake case"),
        ("", "must be in lower snake case"),
        ("b" * 51, "must have at most 50 letters, got 51"),
        ("select", "must be no reserved word of SQL or Python, got 'select'"),
        ("lambda", "must be no reserved word of SQL or Python, got 'lambda'"),
    ],
)
def test_a_name_that_would_not_do_is_refused(name, expected):
    for plan in (
        lambda: plan_mart(PROJECT_DIR, name),
        lambda: plan_mart(PROJECT_DIR, MART, name),
        lambda: plan_page(PROJECT_DIR, name),
    ):
        with pytest.raises(RegularsError, match=re.escape(expected)):
            plan()


def test_a_room_is_not_called_as_the_folder_of_diagnostics_in_each_room():
    with pytest.raises(RegularsError, match="the name of a room must not be diagnostics"):
        plan_mart(PROJECT_DIR, MART, "diagnostics")


@pytest.mark.parametrize("name", ["customer_360", "orders", "order_statuses"])
def test_a_mart_is_not_called_as_another_model_or_a_seed_is(name):
    with pytest.raises(RegularsError, match=f"must be a new one, but '{name}' is taken"):
        plan_mart(PROJECT_DIR, name)


@pytest.mark.parametrize("name", ["segment_study", "overview", "index"])
def test_a_page_has_an_address_of_its_own(name):
    with pytest.raises(RegularsError, match=f"must be a new one, but '{name}' is taken"):
        plan_page(PROJECT_DIR, name)


@pytest.mark.parametrize("title", ["", " ", "{{ 1 }}", "a <b>", "a\nb", "t" * 61])
def test_a_title_is_one_line_of_plain_text(title):
    with pytest.raises(RegularsError, match="--title must be one line of 1 to 60 letters"):
        plan_page(PROJECT_DIR, "buyers", title)


def test_a_refused_command_ends_with_a_sentence_and_writes_nothing(written, run):
    before = contents(written)
    done = run(written, "regulars", "new", "mart", MART)
    assert (done.returncode, done.stdout) == (1, "")
    message = (
        f"Error: the name of a mart must be a new one, but '{MART}' is taken; choose another one"
    )
    assert done.stderr.split() == message.split()
    assert contents(written) == before


def test_outside_of_a_checkout_the_command_says_where_to_go(tmp_path, run):
    done = run(tmp_path, "regulars", "new", "mart", MART)
    assert done.returncode == 1
    assert "change to the folder of your clone" in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("dbt_project/models/exposures.yml", "exposures:\n", "must have the exposure published_co"),
        ("dbt_project/models/exposures.yml", "a: [\n", "must have the exposure published_copy"),
        ("dbt_project/docs/overview.md", "nothing\n", "must have a table with a row like"),
        (f"{CUSTOMERS}/_customers__models.yml", "models: [\n", "expected YAML, found an e"),
        (f"{CUSTOMERS}/_customers__models.yml", "models: []\n", "must have entries under "),
    ],
)
def test_a_file_that_is_not_as_expected_is_named_and_nothing_is_written(
    tmp_path, path, text, expected
):
    folder = copy_project(tmp_path)
    (folder / path).write_text(text)
    before = contents(folder)
    with pytest.raises(RegularsError, match=re.escape(expected)) as raised:
        plan_mart(folder, MART).write()
    assert path in str(raised.value)
    assert contents(folder) == before


def test_if_one_file_cannot_be_written_none_is(tmp_path):
    changes = Changes(tmp_path)
    (tmp_path / "there.txt").write_text("as it was")
    changes.add(Path("new/folder/first.txt"), "first")
    changes.change(Path("there.txt"), "another text")
    changes.add(Path("last.txt"), "last")
    # No file can take the place of a folder, whoever writes.
    (tmp_path / "last.txt").mkdir()
    (tmp_path / "last.txt" / "kept").write_text("")
    with pytest.raises(RegularsError, match=r"last\.txt cannot be written .*so nothing was"):
        changes.write()
    assert contents(tmp_path) == {"there.txt": b"as it was", "last.txt/kept": b""}
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "a").write_text("mine")
    changes = Changes(tmp_path)
    with pytest.raises(RegularsError, match="a is there already"):
        changes.add(Path("a"), "")
    with pytest.raises(RegularsError, match="a must be a folder, but it is a file"):
        changes.add(Path("a/b"), "")


def test_line_ends_stay_those_of_the_file(tmp_path):
    folder = copy_project(tmp_path)
    path = folder / "dbt_project" / "models" / "exposures.yml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    plan_mart(folder, MART).write()
    text = path.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n")
    assert f"- ref('{MART}')\r\n".encode() in text


TEXT = """\
first:   # one
  a: &it 1
  b: *it   # an alias

# of the second
second:
  - name: x
    list: [1, 2]   # in a line
  - name: y
    text: >
      folded

    deep:
      - p

third: 3
"""


@pytest.mark.parametrize(
    ("path", "entry", "after"),
    [
        (["first"], "c: 2", "  b: *it   # an alias\n"),
        (["second"], "- name: z", "      - p\n"),
        (["second", "y", "deep"], "- q", "      - p\n"),
        ([], "fourth: 4", "third: 3\n"),
    ],
)
def test_an_entry_goes_behind_the_last_one_and_nothing_else_moves(path, entry, after):
    new = insert_entry(TEXT, path, entry, file_name="x.yml")
    at = TEXT.index(after) + len(after)
    assert (new[:at], new[-len(TEXT[at:]) :] if TEXT[at:] else "") == (TEXT[:at], TEXT[at:])
    assert new[at:].lstrip().startswith(entry)
    assert len(yaml.safe_load(new)) >= 3


@pytest.mark.parametrize(
    ("path", "entry"), [(["first"], "a: 2"), (["first"], "c: 2\nd: 3"), (["second"], "a: 1")]
)
def test_an_entry_that_would_change_what_is_there_is_left_to_a_person(path, entry):
    with pytest.raises(RegularsError, match=r"x\.yml .*by hand"):
        insert_entry(TEXT, path, entry, file_name="x.yml")


def test_a_number_is_round_where_it_can_be_and_never_given_twice():
    taken: set[int] = set()
    given = []
    for _ in range(90):
        given.append(free_number(taken))
        taken.add(given[-1])
    assert given[:10] == [10, 20, 30, 40, 50, 60, 70, 80, 90, 15]
    assert sorted(given) == list(range(10, 100))
    with pytest.raises(RegularsError, match="a number from 10 to 99 that is free"):
        free_number(taken)
