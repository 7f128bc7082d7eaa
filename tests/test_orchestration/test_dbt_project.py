"""What an analytics engineer does with dbt alone, on a warehouse that was built."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shops import PROJECT_DIR, Shop, compare_marts

from orchestration.loading.mapping.capabilities import CAPABILITIES
from orchestration.loading.tables import default_source
from orchestration.marts import PARTS

MART_SCHEMAS = ("marts", "marts_ml")
ROOMS = Path("dbt_project/models/marts")
EVERY_SCHEMA = ("staging", "conformed", "canonical", "features", "scoring")
SCORE_MARTS = ("customer_segments", "customer_churn_scores", "segment_profiles", "model_quality")


@pytest.fixture
def own(demo, tmp_path):
    return demo.copy_to(tmp_path)


def test_dbt_build_alone_reproduces_every_mart(own, demo):
    """The warehouse scores: no Python is needed to make a score again. All tests run with it."""
    with own.open(read_only=False) as connection:
        for schema in ("marts", "marts_ml", "scoring", "features", "canonical"):
            connection.execute(f"drop schema {schema} cascade")
    done = own.run("dbt", "build")
    assert "ERROR=0" in done.stdout
    assert set(compare_marts(demo.warehouse, own.warehouse).values()) == {0}


def test_a_table_that_moved_to_another_schema_leaves_none_behind(own):
    with own.open(read_only=False) as connection:
        for table in ("leak_meter", "churn_lift", "of_somebody_else"):
            connection.execute(f"create table marts.{table} as select 1 as stale")
    own.run("dbt", "run", "--select", "leak_meter")
    left = "select table_name from duckdb_tables() where schema_name = 'marts' and table_name in "
    # What was not built in its new place yet is still where it was.
    assert own.rows(f"{left} ('leak_meter', 'churn_lift', 'of_somebody_else') order by 1") == [
        ("churn_lift",), ("of_somebody_else",),
    ]  # fmt: skip


def test_diagnostics_of_models_are_apart_from_what_people_query(manifest):
    apart = {
        node["name"]: node["schema"]
        for node in _models(manifest, *MART_SCHEMAS).values()
        if "/diagnostics/" in node["original_file_path"]
    }
    assert set(apart.values()) == {"marts_ml"}
    assert apart.keys() == {node["name"] for node in _models(manifest, "marts_ml").values()}
    assert {"leak_meter", "churn_curves", "segmentation_candidates"} <= apart.keys()
    assert "model_quality" not in apart


def test_every_mart_is_in_a_room_whose_yaml_is_short(manifest):
    rooms = PROJECT_DIR / "dbt_project" / "models" / "marts"
    assert [path.name for path in rooms.iterdir() if path.is_file()] == []
    for path in rooms.rglob("*.yml"):
        assert len(path.read_text().splitlines()) <= 550, path
    for node in _models(manifest, *MART_SCHEMAS).values():
        room = Path(node["original_file_path"]).parent
        described = node["patch_path"].removeprefix("regulars://")
        names = room.relative_to("dbt_project/models/marts").parts
        assert described == f"{room}/_{'_'.join(names)}__models.yml", node["name"]


def test_dbt_docs_generate_and_source_freshness_work_bare(own):
    assert "Catalog written" in own.run("dbt", "docs", "generate").stdout
    assert "PASS" in own.run("dbt", "source", "freshness").stdout


def test_a_warehouse_without_a_fitted_model_builds_with_empty_typed_marts_and_a_warning(own, demo):
    with own.open(read_only=False) as connection:
        for table in ("model_registry", "model_parameters", "model_metrics", "champion_history"):
            connection.execute(f"delete from ml.{table}")
    done = own.run("dbt", "build", "--select", "scoring", "marts")
    assert "ERROR=0" in done.stdout
    assert "`regulars fit` comes first" in done.stdout
    for mart in SCORE_MARTS:
        assert own.rows(f"select count(*) from marts.{mart}") == [(0,)]
        columns = f"select column_name, data_type from duckdb_columns() where table_name = '{mart}'"
        assert own.rows(columns) == demo.rows(columns)
    assert own.rows("select count(*) > 1000 from marts.customer_rfm") == [(True,)]
    assert own.rows("select count(*) > 1000 from marts.customer_360") == [(True,)]
    own.write_report()  # says that nothing is fitted, and does not fail


def test_a_warehouse_without_raw_tables_says_that_load_comes_first(tmp_path, demo_files):
    done = Shop(demo_files, tmp_path).run("dbt", "run", check=False)
    assert done.returncode != 0
    assert "run `regulars load` first" in done.stdout


@pytest.mark.parametrize("feature", ["voucher_share", "average_review_score"])
def test_scoring_refuses_to_compile_when_a_feature_of_the_model_is_missing(own, feature):
    with own.open(read_only=False) as connection:
        connection.execute(
            f"alter table features.customer_feature_snapshots rename column {feature} to gone"
        )
    done = own.run("dbt", "run", "--select", "segments_kmeans", check=False)
    assert done.returncode != 0
    ((model_id,),) = own.rows(
        "select model_id from ml.model_registry where family = 'kmeans' and status <> 'retired'"
    )
    assert f"the model {model_id} needs the feature '{feature}'" in done.stdout
    assert "regulars fit" in done.stdout


def test_rolling_a_model_back_is_one_update_and_a_dbt_run(own):
    """A registry row's status decides which model scores."""
    with own.open(read_only=False) as connection:
        connection.execute(
            """
            update ml.model_registry
            set status = case family when 'gmm' then 'champion' else 'challenger' end
            where purpose = 'segmentation'
            """
        )
    own.run("dbt", "run", "--select", "scoring", "marts")
    assert own.rows(
        "select bool_and(segment_id = gmm_segment_id and model_id like 'gmm-%') "
        "from marts.customer_segments"
    ) == [(True,)]


def test_a_model_fitted_as_of_a_later_date_does_not_score_an_earlier_build(own):
    done = own.run("dbt", "run", REGULARS_AS_OF_DATE="2018-03-01")
    assert "no churn model that churn_logistic_terms scores is live as of 2018-03-01" in done.stdout
    assert own.rows("select count(*) from marts.customer_churn_scores") == [(0,)]


def test_every_number_of_a_compiled_model_is_a_64_bit_literal(own):
    """0.1 alone may be a DECIMAL, which once moved a probability by 0.035."""
    done = own.run("dbt", "compile", "--select", "churn_logistic_terms", "--quiet")
    connection = duckdb.connect(str(own.warehouse), read_only=True)
    described = connection.execute(f"describe {done.stdout}").fetchall()
    connection.close()
    types = {name: kind for name, kind, *_ in described if name.endswith(("_term", "_probability"))}
    assert len(types) > 10
    assert set(types.values()) == {"DOUBLE"}
    assert " decimal" not in done.stdout.lower()


@pytest.fixture(scope="module")
def parsed(demo, tmp_path_factory):
    """A shop for which dbt has read the project, with every warning taken for an error."""
    shop = demo.copy_to(tmp_path_factory.mktemp("parsed"))
    shop.run("dbt", "--warn-error", "parse", "--no-partial-parse", "--show-all-deprecations")
    return shop


@pytest.fixture(scope="module")
def manifest(parsed):
    """What dbt has read from the project."""
    return json.loads((parsed.folder / "target" / "manifest.json").read_text())


def test_the_next_command_of_dbt_parses_only_what_changed(parsed):
    """It could not while a unit test had numbers for keys, and each command took 5 s longer."""
    printed = parsed.run("dbt", "--debug", "parse").stdout
    assert "Partial parsing enabled: 0 files deleted, 0 files added" in printed
    assert "Failed to load parsed file" not in printed


def _documented(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Every model, seed and source table, as dbt has read it from SQL and YAML."""
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    return [
        node
        for node in nodes
        if node["resource_type"] in ("model", "seed", "source")
        and node["config"].get("materialized") != "ephemeral"
    ]


def _compact(data_type: str | None) -> str:
    return (data_type or "no type").lower().replace(" ", "")


def test_every_column_is_described_and_has_the_type_that_the_warehouse_has(demo, manifest):
    """No column is left out of the YAML, and the YAML names none that is not there."""
    rows = demo.rows(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and not internal"
    )
    warehouse_types: dict[tuple[object, object], dict[object, str]] = {}
    for schema, table, column, data_type in rows:
        warehouse_types.setdefault((schema, table), {})[column] = _compact(str(data_type))
    wrong = []
    nodes = _documented(manifest)
    for node in nodes:
        name = node.get("identifier") or node["alias"]
        columns = warehouse_types[node["schema"], name]
        # Columns made by a loop over the live model's features are described as one.
        generated = node["config"].get("meta", {}).get("generated_columns")
        if generated:
            made = {column for column in columns if str(column).endswith(generated["suffix"])}
            assert made, f"{name} has none of its generated columns"
            assert {columns.pop(column) for column in made} == {_compact(generated["data_type"])}
        described_types = {
            column: _compact(text["data_type"]) for column, text in node["columns"].items()
        }
        wrong += [(name, *pair) for pair in described_types.items() ^ columns.items()]
        wrong += [
            (name, column, "no description")
            for column, text in node["columns"].items()
            if not text["description"].strip()
        ]
    assert wrong == []
    assert len(nodes) > 50


def test_marts_and_features_need_capabilities_that_a_source_can_state(demo, manifest):
    rows = demo.rows("select capability, marts from marts.source_capabilities")
    needs = {
        (need, node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for need in node["config"]["meta"].get("needs", ())
    }
    assert ("payments", "payment_mix") in needs
    assert needs == {(name, mart) for name, marts in rows if marts for mart in marts.split(", ")}
    feature_needs = demo.rows(
        "select distinct unnest(string_split(needs, ' ')) from canonical.feature_catalog"
    )
    capabilities = {name for name, _ in rows} | {capability.name for capability in CAPABILITIES}
    assert {need for (need,) in feature_needs if need} <= capabilities


def test_no_macro_asks_dbt_whether_a_table_is_there(manifest):
    """Of threads that ask about one schema at once dbt tells all but one of them that it is not.

    Models of live families came out empty by it, now and then.
    """
    asking = [
        macro["name"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "regulars"
        and re.search(r"(get|load)(_cached)?_relation\(", macro["macro_sql"])
    ]
    assert not asking, f"{asking}: ask table_exists(schema, name)"


def test_every_macro_and_argument_is_described(manifest):
    """A target's own version of a macro (`spark__add_days`) is described by the macro."""
    ours = {
        macro["name"]: macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == "regulars" and "__" not in macro["name"]
    }
    assert {"money", "ml_tree_scores", "test_accepted_range"} <= set(ours)
    silent = [name for name, macro in ours.items() if not macro["description"].strip()]
    silent += [
        f"{name}.{argument['name']}"
        for name, macro in ours.items()
        for argument in macro["arguments"]
        if not (argument["type"] and argument["description"].strip())
    ]
    assert silent == []


def test_every_table_says_what_one_row_of_it_is(manifest):
    silent = [
        node["name"] for node in _documented(manifest) if "One row" not in node["description"]
    ]
    assert silent == []


def _models(manifest: dict[str, Any], *schemas: str) -> dict[str, dict[str, Any]]:
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["schema"] in schemas
        and node["config"]["materialized"] != "ephemeral"  # a part of another model, and no table
    }


def test_what_belongs_to_a_source_is_private_and_what_people_query_is_public(manifest):
    private = _models(manifest, "staging", "conformed").values()
    assert {(node["access"], node["group"]) for node in private} == {("private", "ingestion")}
    public = _models(manifest, "canonical", "features", *MART_SCHEMAS).values()
    assert {node["access"] for node in public} == {"public"}


def test_every_mart_is_in_the_group_of_its_room_and_has_its_owner(manifest):
    groups = {group["name"] for group in manifest["groups"].values()}
    elsewhere = {}
    for node in _models(manifest, *MART_SCHEMAS).values():
        room = Path(node["original_file_path"]).relative_to(ROOMS).parts[0]
        # A room of one's own need not have a group.
        if node["group"] != (room if room in groups else "reporting"):
            elsewhere[node["name"]] = node["group"]
    # It looks behind the canonical tables, which only those who make them may.
    assert elsewhere == {"money_reconciliation": "ingestion"}
    owned = {*EVERY_SCHEMA, *MART_SCHEMAS}
    nodes = _models(manifest, *owned).values()
    owners = {group["owner"]["name"] for group in manifest["groups"].values()}
    assert {node["config"]["meta"].get("owner") for node in nodes} <= owners


def test_the_example_of_a_mart_runs_and_reads_it(manifest, demo):
    """That every mart has one is a rule of dbt-bouncer.yml."""
    examples = {
        f"{node['schema']}.{node['name']}": example
        for node in _models(manifest, *MART_SCHEMAS).values()
        for example in re.findall(r"```sql\n(.*?)```", node["description"], flags=re.DOTALL)
    }
    assert len(examples) > 40
    for mart, example in examples.items():
        assert f"from {mart}\n" in example
        demo.rows(example)


@pytest.mark.parametrize("model", ["stg_{source}__orders", "int_{source}__conform_orders"])
def test_a_mart_that_reads_a_private_model_is_refused(own, tmp_path, model):
    model = model.format(source=default_source())
    copy = tmp_path / "project"
    for name in ("dbt_project", "seeds", "tests/sql"):
        shutil.copytree(PROJECT_DIR / name, copy / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT_DIR / name, copy / name)
    mart = copy / "dbt_project" / "models" / "marts" / "shortcuts.sql"
    mart.write_text(f"select order_id from {{{{ ref('{model}') }}}}\n")
    where = ("--project-dir", str(copy), "--profiles-dir", str(copy))
    done = own.run("dbt", "parse", *where, check=False)
    assert done.returncode != 0
    assert f"attempted to reference node model.regulars.{model}" in done.stdout
    assert "private to the 'ingestion' group" in done.stdout


def _written_for(node: dict[str, Any], manifest: dict[str, Any]) -> list[str]:
    """The SQL of a model and of the macros of ours that it calls, without comments."""
    ours = [name for name in node["depends_on"]["macros"] if name.startswith("macro.regulars.")]
    texts = [node["raw_code"], *(manifest["macros"][name]["macro_sql"] for name in ours)]
    return [re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL) for text in texts]


def test_every_model_that_joins_is_held_to_its_grain_or_its_money(manifest):
    guarded = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") in ("grain_is_kept", "money_is_conserved")
    }
    joining = {
        unique_id
        for unique_id, node in _models(
            manifest, "conformed", "canonical", "features", "scoring", *MART_SCHEMAS
        ).items()
        if any(re.search(r"\bjoin\b(?!\()", sql) for sql in _written_for(node, manifest))
        # One row of figures each; test_data_warnings.py looks at them.
        and "__measure_" not in node["name"]
        and f"/{PARTS}/" not in node["original_file_path"]
    }
    assert joining
    # The top of a list, or what of a list occurs: rows are compared with a hand-written query.
    top_lists = {
        "model.regulars.data_warnings",
        "model.regulars.worst_reviewed_postal_codes",
        "model.regulars.retention_actions",
    }
    assert joining - guarded == top_lists


def test_the_overview_has_a_row_for_every_table_that_people_query(manifest):
    (text,) = (
        doc["block_contents"]
        for doc in manifest["docs"].values()
        if doc["name"] == "__overview__" and doc["package_name"] == "regulars"
    )
    listed_tables = set(re.findall(r"^\| [^|]+ \| `([^`]+)` \|", text, flags=re.MULTILINE))
    models = _models(manifest, "canonical", "features", *MART_SCHEMAS).values()
    assert listed_tables == {f"{node['schema']}.{node['name']}" for node in models}


def test_exposures_name_what_is_published_and_what_the_pages_read(manifest):
    reads = {
        exposure["name"]: {name.rpartition(".")[2] for name in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    models = _models(manifest, *MART_SCHEMAS).values()
    marts = {node["name"] for node in models if node["config"]["materialized"] == "table"}
    assert reads["published_copy"] == marts
    # What is not published is a view of logs that grow after the marts were built.
    views = {node["fqn"][-2] for node in models if node["name"] not in marts}
    assert views == {"logs"}
    pages = (PROJECT_DIR / "reports" / "pages").glob("*.md")
    named = {
        name for page in pages for name in re.findall(r"\bmarts(?:_ml)?\.(\w+)", page.read_text())
    }
    assert reads["regulars_report"] == named


def _compared_by(test: str, manifest: dict[str, Any]) -> set[str]:
    (node,) = (node for node in manifest["nodes"].values() if node["name"] == test)
    return {name.rpartition(".")[2] for name in node["depends_on"]["nodes"]}


def test_every_mart_with_an_as_of_date_is_compared_with_the_others(manifest):
    dated = {
        node["name"]
        for node in _models(manifest, *MART_SCHEMAS).values()
        if "as_of_date" in node["columns"]
    }
    assert _compared_by("every_mart_is_as_of_the_same_date", manifest) == dated


def test_the_champion_of_every_mart_with_a_model_is_compared_with_the_others(manifest):
    of_a_model = {
        node["name"]
        for node in _models(manifest, *MART_SCHEMAS).values()
        if "model_id" in node["columns"]
    }
    # Of the additive model, champion or not, and of champions that were.
    others = {"churn_step_functions", "churn_feature_effects", "champion_history"}
    assert others <= of_a_model
    compared = _compared_by("all_marts_have_the_same_champion_of_each_purpose", manifest)
    assert compared == of_a_model - others
