"""Every dbt model, seed and test as assets and checks: the one ``@dbt_assets``."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

from orchestration.dbt_runs import FAILED, Dbt, environment
from orchestration.dbt_tests import LOG_SOURCE, TestResult, find_due_tests
from orchestration.errors import PublishError, WarehouseError
from orchestration.gate import Gate, find_guarding_tests, require_publishable
from orchestration.loading.tables import source_tables
from orchestration.marts import MART_SCHEMAS, Mart
from orchestration.paths import more_models
from orchestration.progress import Progress
from orchestration.runs import ON_COPY, writing_step
from orchestration.settings import PROJECT_DIR, Settings, parsed_dir
from orchestration.staging import FileIdentity, WritingRun, staged_path
from orchestration.warehouse_file import count_all_rows, open_warehouse

# dagster-dbt looks for dbt on the PATH; ours is beside this Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

DBT_SOURCES = (
    "dbt_project.yml",
    "profiles.yml",
    "dbt_project",
    "seeds",
    "tests/sql",
    *filter(None, [more_models()]),
)


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
        dbt = Dbt(PROJECT_DIR, project.target_path, settings.source)
        with environment(**dbt.settings(staged_path(settings.warehouse_path))):
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
        """What depends on nothing (seeds, dates) waits for the load, as every dbt run does.

        So does what reads the logs, which the load writes.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source."):
            is_log = spec.key.path[0] == LOG_SOURCE
            return spec.replace_attributes(key=ANY_RAW_TABLE) if is_log else spec
        return spec if spec.deps else spec.replace_attributes(deps=[ANY_RAW_TABLE])


DBT_PROJECT = prepare_dbt_project()
DBT = Dbt(PROJECT_DIR, DBT_PROJECT.target_path, SOURCE)
# Dagster splits it where fits come in between, and numbers the parts.
DBT_STEP = "dbt_build"


@dbt_assets(
    manifest=DBT_PROJECT.manifest_path,
    project=DBT_PROJECT,
    dagster_dbt_translator=FolderTranslator(
        settings=DagsterDbtTranslatorSettings(
            enable_source_tests_as_checks=True, enable_duplicate_source_asset_keys=True
        )
    ),
    name=DBT_STEP,
    op_tags=ON_COPY,
)
def warehouse_models(
    context: dg.AssetExecutionContext,
    dbt: dg.ResourceParam[Dbt],
    warehouse: dg.ResourceParam[WritingRun],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build the tables that are selected and test them, on a copy that then takes the place."""
    nodes = {
        node_id: key for key, node_id in NODE_IDS.items() if key in context.selected_asset_keys
    }
    checks: list[dg.AssetCheckResult] = []
    try:
        with writing_step(context, warehouse) as copy:
            later_steps = [name for name in warehouse.remaining if name != context.op_handle.name]
            is_last = not any(name.startswith(DBT_STEP) for name in later_steps)
            progress.begin(f"dbt ({len(nodes)} tables)", len(nodes))
            tables = dbt.build(copy, nodes, advance=progress.advance)
            with open_warehouse(copy, read_only=True) as connection:
                row_counts = count_all_rows(connection)
                as_of_date = _read_date_of_build(connection)
            # A test runs once all tables that it looks at are there, in this subset or upstream of
            # it. The last step also runs those that look at tables from other runs.
            is_eager = is_last and row_counts.keys() >= {tuple(key.path) for key in NODE_IDS}
            due = find_due_tests(dbt.manifest, nodes, is_eager=is_eager)
            progress.begin(f"tests ({len(due)})", len(due))
            results = dbt.test(copy, due, as_of_date, advance=progress.advance)
            checks += _checks(results, context.selected_asset_check_keys)
            failures = [result for result in results if result.status in FAILED]
            if failures:
                raise WarehouseError("\n".join(result.description for result in failures))
    except WarehouseError as error:
        yield from checks
        raise WarehouseError(
            f"{error}\nThe tables of this attempt are in failed/, beside the warehouse."
        ) from error
    for table in tables:
        key = nodes[table.node_id]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/row_count": row_counts[key.path[0], key.path[1]],
                "seconds": table.seconds,
            },
        )
    yield from checks


NODE_IDS: Mapping[dg.AssetKey, str] = {
    spec.key: str(spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY])
    for spec in warehouse_models.specs
}
CHECK_KEYS: Mapping[str, dg.AssetCheckKey] = {
    str(spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]): spec.key
    for spec in warehouse_models.check_specs
}


def _checks(
    results: Sequence[TestResult], selected_keys: Set[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """What tests found, for those that Dagster shows on one of the tables selected."""
    for result in results:
        key = CHECK_KEYS.get(result.test.test_id)
        if key is not None and key in selected_keys:
            is_warning = result.status == "warn"
            yield dg.AssetCheckResult(
                passed=result.status == "pass",
                asset_key=key.asset_key,
                check_name=key.name,
                severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
                description=result.message,
                metadata={"rows": result.failure_count or 0},
            )


def _read_date_of_build(connection: duckdb.DuckDBPyConnection) -> date:
    """The as-of date of the tables that were built last."""
    ((day,),) = connection.execute(
        "select max_by(as_of_date, built_at) from raw.model_log"
    ).fetchall()
    assert isinstance(day, date)
    return day


MARTS = sorted(key for key in warehouse_models.keys if key.path[0] in MART_SCHEMAS)


def mart_needs() -> dict[Mart, set[str]]:
    """The capabilities that each mart needs of the source, by its ``config.meta.needs``."""
    return {
        (node["schema"], node["name"]): set(node["config"]["meta"].get("needs", ()))
        for node in DBT.manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in MART_SCHEMAS
        and node["config"]["materialized"] != "ephemeral"  # a part of a mart
    }


def pass_gate(dbt: Dbt, warehouse: WritingRun) -> Gate:
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
            find_guarding_tests(dbt.manifest),
            partial(_run_tests, dbt, path),
            marts=set(mart_needs()),
            changed_at=_project_changed_at(),
        )
        warehouse.gate = (FileIdentity.of(path), gate)
    return warehouse.gate[1]


def _run_tests(dbt: Dbt, path: Path, test_ids: Sequence[str], as_of_date: date) -> str:
    """Run tests where the warehouse is; their results go into raw.test_log, failed or not.

    Returns:
        What dbt says if it could not run them; nothing where tests ran and failed.
    """
    try:
        results = dbt.test(path, test_ids, as_of_date)
    except WarehouseError as error:
        return " ".join(str(error).split())
    errors = [result.description for result in results if result.status == "error"]
    return " ".join("; ".join(errors).split())
