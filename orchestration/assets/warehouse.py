"""Every dbt model, seed and test as assets and checks: the one ``@dbt_assets``."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from orchestration.errors import PublishError, WarehouseError
from orchestration.gate import Gate, find_guarding_tests, require_publishable
from orchestration.loading.tables import source_tables
from orchestration.marts import MART_SCHEMAS, Mart
from orchestration.paths import FOLDER_VARIABLE
from orchestration.resources import (
    PROJECT_DIR,
    Progress,
    Settings,
    count_all_rows,
    open_warehouse,
    parsed_dir,
)
from orchestration.runs import ON_COPY, writing_step
from orchestration.sources import SOURCE_VARIABLE
from orchestration.staging import FileIdentity, WritingRun, staged_path

# dagster-dbt looks for dbt on the PATH; ours is beside this Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

DBT_SOURCES = ("dbt_project.yml", "profiles.yml", "dbt_project", "seeds", "tests/sql")


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    made_at = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
    return _project_changed_at() > made_at


def _project_changed_at() -> datetime:
    """When a file of the dbt project was changed last."""
    roots = [PROJECT_DIR / name for name in DBT_SOURCES]
    paths = [path for root in roots for path in ([root, *root.rglob("*")])]
    latest = max(path.stat().st_mtime for path in paths if path.exists())
    return datetime.fromtimestamp(latest, UTC)


def prepare_dbt_project() -> DbtProject:
    """The dbt project, parsed again if any of its files is newer than its manifest.

    It has a target folder of its own, so that what `dbt run --vars ...` leaves in target/ by hand
    does not disturb.
    """
    settings = Settings.from_environment()
    project = DbtProject(
        project_dir=PROJECT_DIR,
        profiles_dir=PROJECT_DIR,
        target_path=parsed_dir(settings.source),
    )
    if _is_stale(project.manifest_path):
        with _environment(**_dbt_settings(staged_path(settings.warehouse_path))):
            project.preparer.prepare(project)
    return project


SOURCE = Settings.from_environment().source
ANY_RAW_TABLE = dg.AssetKey(["raw", source_tables(SOURCE)[0].name])


class FolderTranslator(DagsterDbtTranslator):
    """Groups by schema, which is named like the folder; all else lives in the models' YAML."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The schema, so that the graph reads like the architecture."""
        schema: str = dbt_resource_props["schema"]
        return schema

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """What depends on nothing (seeds, dates) waits for the load, as every dbt run does."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        is_source = unique_id.startswith("source.")
        return spec if is_source or spec.deps else spec.replace_attributes(deps=[ANY_RAW_TABLE])


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    former = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _dbt_settings(warehouse_path: Path) -> dict[str, str]:
    """Environment of a dbt that works on this warehouse, with the models of the shop's source.

    It is given the folder apart, since it parses the whole project anew for another path.
    """
    return {
        "REGULARS_WAREHOUSE": warehouse_path.name,
        FOLDER_VARIABLE: str(warehouse_path.parent),
        SOURCE_VARIABLE: SOURCE,
    }


# Of a dbt that runs tables or tests in a step.
STEP_SETTINGS = {
    # What it prints goes into build.log; files beside would be deleted after it.
    "DBT_LOG_LEVEL_FILE": "none",
    "DBT_WRITE_JSON": "false",
    # Their inputs are written down, so no build's data can change what they say;
    # `dbt build`, `dbt test` and the suite run them.
    "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
}


class InstalledDbt(DbtCliResource):
    """dbt as a process, and nothing else of it.

    dagster-dbt asks another process for the version, and parses all macros to connect to the
    warehouse itself, for metadata that nobody asks for: together 5 seconds a step.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


DBT_PROJECT = prepare_dbt_project()
# Dagster splits it where fits come in between, and numbers the parts.
DBT_STEP = "dbt_build"


@dbt_assets(
    manifest=DBT_PROJECT.manifest_path,
    project=DBT_PROJECT,
    dagster_dbt_translator=FolderTranslator(
        settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)
    ),
    name=DBT_STEP,
    op_tags=ON_COPY,
)
def warehouse_models(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> Iterator[Any]:
    """`dbt build` of what is selected, on a copy of the warehouse that then takes its place."""
    steps = len(context.selected_asset_keys) + len(context.selected_asset_check_keys)
    progress.begin(f"dbt ({len(context.selected_asset_keys)} tables)", steps)
    outputs: list[Any] = []
    checks: list[Any] = []
    try:
        with writing_step(context, warehouse) as copy:
            others = [name for name in warehouse.remaining if name != context.op_handle.name]
            is_last = not any(name.startswith(DBT_STEP) for name in others)
            # buildable: a test runs once all tables that it looks at are there, in this subset or
            # upstream of it. The last dbt step of a run also runs those that look at tables from
            # other runs, if these are there.
            is_eager = is_last and _has_tables(
                copy, warehouse_models.keys - context.selected_asset_keys
            )
            with _environment(
                **_dbt_settings(copy),
                **STEP_SETTINGS,
                DBT_TARGET_PATH=str(DBT_PROJECT.target_path),
                DBT_INDIRECT_SELECTION="eager" if is_eager else "buildable",
            ):
                more = _tests_between_sources() if is_eager else []
                invocation = dbt.cli(["build", *more], context=context)
                for event in invocation.stream():
                    is_output = isinstance(event, dg.Output)
                    (outputs if is_output else checks).append(event)
                    progress.advance(_describe(event))
            with open_warehouse(copy, read_only=True) as connection:
                row_counts = count_all_rows(connection)
            _keep_parse(invocation.target_path)
    except DagsterDbtCliRuntimeError as error:
        yield from checks
        raise WarehouseError(_dbt_failure(str(error))) from error
    for output in outputs:
        schema, name = context.asset_key_for_output(output.output_name).path
        row_count = row_counts[schema, name]
        yield output.with_metadata({**output.metadata, "dagster/row_count": row_count})
    yield from checks


def _has_tables(path: Path, keys: Set[dg.AssetKey]) -> bool:
    """Whether these tables of the project are there, whichever run built them."""
    with open_warehouse(path, read_only=True) as connection:
        there = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_catalog = current_database()"
        ).fetchall()
    return {tuple(key.path) for key in keys} <= set(there)


def _tests_between_sources() -> list[str]:
    """Arguments that select the tests of two sources; to Dagster they are checks of no asset."""
    nodes = _manifest()["nodes"].values()
    return [
        argument
        for node in nodes
        if node["resource_type"] == "test"
        and len(node["depends_on"]["nodes"]) > 1
        and all(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
        for argument in ("--select", node["name"])
    ]


def _manifest() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(DBT_PROJECT.manifest_path.read_text(encoding="utf-8"))
    return manifest


MARTS = sorted(key for key in warehouse_models.keys if key.path[0] in MART_SCHEMAS)


def mart_needs() -> dict[Mart, set[str]]:
    """The capabilities that each mart needs of the source, by its ``config.meta.needs``."""
    return {
        (node["schema"], node["name"]): set(node["config"]["meta"].get("needs", ()))
        for node in _manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in MART_SCHEMAS
    }


def pass_gate(dbt: DbtCliResource, warehouse: WritingRun) -> Gate:
    """Let readers have the marts, or refuse: see ``orchestration.gate``.

    A run asks once for the same warehouse.

    Raises:
        PublishError: which tests fail, or which marts are as of another date; or the run still
            has steps to write.
        WarehouseError: the warehouse is not there, not DuckDB, or stays locked.
    """
    if warehouse.is_copy_open:
        raise PublishError(
            "the steps of this run that write are not over, and what they made is not in the "
            "warehouse yet; build first, then publish or report"
        )
    path = warehouse.warehouse_path
    identity = FileIdentity.of(path)
    if warehouse.gate is None or warehouse.gate[0] != identity:
        gate = require_publishable(
            path,
            find_guarding_tests(_manifest()),
            partial(_run_tests, dbt, path),
            marts=set(mart_needs()),
            changed_at=_project_changed_at(),
        )
        warehouse.gate = (FileIdentity.of(path), gate)
    return warehouse.gate[1]


def _run_tests(dbt: DbtCliResource, path: Path, names: Sequence[str], as_of_date: date) -> str:
    """Run tests where the warehouse is; their results go into raw.test_log, failed or not.

    Returns:
        What dbt says if it could not run them; nothing where tests ran and failed.
    """
    with _environment(
        **_dbt_settings(path),
        **STEP_SETTINGS,
        REGULARS_AS_OF_DATE=str(as_of_date),
        DBT_TARGET_PATH=str(DBT_PROJECT.target_path),
    ):
        invocation = dbt.cli(["test", "--select", " ".join(names)], raise_on_error=False).wait()
    _keep_parse(invocation.target_path)
    if invocation.is_successful():
        return ""
    error = invocation.get_error()
    _, _, messages = str(error).partition("Errors parsed from dbt logs:")
    return " ".join((messages or str(error)).split())


def _keep_parse(target_path: Path) -> None:
    """Keep what dbt parsed for the next run, which then parses changes only; drop the rest."""
    parsed = target_path / "partial_parse.msgpack"
    if parsed.exists():
        parsed.replace(DBT_PROJECT.target_path / parsed.name)
    shutil.rmtree(target_path, ignore_errors=True)


def _describe(event: Any) -> str:
    if isinstance(event, dg.Output):
        return str(event.output_name).replace("__", ".")
    return str(getattr(event, "check_name", ""))


def _dbt_failure(text: str) -> str:
    """What dbt said went wrong, without the command line and the advice about its logs."""
    _, _, messages = text.partition("Errors parsed from dbt logs:")
    said = (messages or text).strip()
    return f"{said}\nThe tables of this attempt are in failed/, beside the warehouse."
