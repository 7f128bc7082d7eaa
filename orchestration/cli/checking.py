"""What is checked before anything is loaded or made: numbers, dates, places, in a second."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.dates import check_dates
from orchestration.errors import RegularsError, WarehouseError
from orchestration.loading.tables import reads_mapping, source_tables
from orchestration.marts import DIAGNOSTICS, MART_SCHEMAS, PARTS
from orchestration.settings import PROJECT_DIR, Settings
from orchestration.sources import find_source

# A DuckDB file has this at its ninth byte.
MAGIC = b"DUCK"
MAGIC_OFFSET = 8
# Jobs that read raw files, and make a warehouse where there is none.
JOBS_FROM_FILES = ("whole_build", "load")
# The schemas that the other jobs read, by the first word of their names.
READ_SCHEMAS = {
    "fit": ("features",),
    "score": ("canonical", "features"),
    "report": ("marts",),
    "publish": ("marts",),
}
# Of these a job reads every table; of the others some, which depend on the purpose.
READ_WHOLE = ("marts",)


def check_job(job_name: str) -> Settings:
    """The settings of a job, once all that can be checked without the data is in order.

    Nothing is made by this.

    Args:
        job_name: as in ``orchestration.schedules``.

    Raises:
        RegularsError: a number or a date is none, or the data folder is none.
        WarehouseError: the place of the warehouse is wrong, or nothing is there to work on.
    """
    settings = Settings.from_environment()
    check_dates(source=settings.source)
    if job_name in JOBS_FROM_FILES:
        check_warehouse_place(settings.warehouse_path)
        if settings.data_dir is not None:
            check_data_dir(settings.data_dir)
    else:
        check_warehouse(settings.warehouse_path)
        check_tables(settings.warehouse_path, READ_SCHEMAS[job_name.partition("_")[0]])
    check_writable(settings.warehouse_path)
    return settings


def check_warehouse(path: Path) -> None:
    """Refuse a place where no warehouse is.

    Raises:
        WarehouseError: nothing is there, or something else.
    """
    check_warehouse_place(path)
    if not path.exists():
        raise WarehouseError(f"there is no warehouse at {path}; run `regulars build` first")
    if path.stat().st_size == 0:
        raise WarehouseError(f"{path} is empty; remove it and run `regulars build` first")


def check_tables(path: Path, schemas: Sequence[str]) -> None:
    """Refuse a warehouse in which dbt has not made these schemas yet, or marts only in part.

    One that cannot be opened now, since another process has it, is for the job to complain about.

    Args:
        path: the warehouse.
        schemas: folders of `dbt_project/models`.

    Raises:
        WarehouseError: a table is missing.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
    except duckdb.Error:
        return
    for schema in schemas:
        folder = PROJECT_DIR / "dbt_project" / "models" / schema
        expected = {
            (_schema_of(model, schema), model.stem)
            for model in folder.rglob("*.sql")
            if model.parent.name != PARTS
        }
        missing = sorted(expected.difference(rows))
        if missing and (schema in READ_WHOLE or len(missing) == len(expected)):
            lacks = f"has no tables in schema {schema} yet"
            if len(missing) < len(expected):
                rest = f" and {len(missing) - 1:,} more" if missing[1:] else ""
                lacks = f"lacks {'.'.join(missing[0])}{rest}"
            raise WarehouseError(f"the warehouse {lacks}; run `regulars build` first")


def _schema_of(model: Path, folder: str) -> str:
    """Schema of a model by its folders, as dbt_project.yml has it: diagnostics stand apart."""
    return MART_SCHEMAS[1] if DIAGNOSTICS in model.parts else folder


def check_warehouse_place(path: Path) -> None:
    """Refuse a place where no warehouse can be.

    Raises:
        WarehouseError: it is a folder or another kind of file, or lies beneath a file.
    """
    if "~" in path.parts:
        raise WarehouseError(
            f"REGULARS_WAREHOUSE has a folder called ~ ({path}), since no shell has read it; write "
            "the path out"
        )
    if path.is_dir():
        raise WarehouseError(
            f"REGULARS_WAREHOUSE is a folder ({path}), expected a file; set it to "
            f"{path / 'regulars.duckdb'}, for one"
        )
    above = _nearest(path.parent)
    if not above.is_dir():
        raise WarehouseError(
            f"the warehouse cannot be at {path}, since {above} is a file; set REGULARS_WAREHOUSE "
            "to a file in a folder"
        )
    if not path.exists():
        return
    if not path.is_file():
        raise WarehouseError(
            f"REGULARS_WAREHOUSE is no file ({path}), expected one of DuckDB; set it to a new or "
            "an earlier warehouse"
        )
    try:
        with path.open("rb") as stream:
            beginning = stream.read(MAGIC_OFFSET + len(MAGIC))
    except OSError as error:
        raise WarehouseError(f"{path} cannot be read ({error.strerror}); mend its rights") from None
    if beginning and beginning[MAGIC_OFFSET:] != MAGIC:
        raise WarehouseError(
            f"{path} is no DuckDB file (it begins with {beginning!r}); set REGULARS_WAREHOUSE to a "
            "new or an earlier warehouse"
        )


def check_writable(path: Path) -> None:
    """Refuse a warehouse that this user may not write, or whose folder they may not write to.

    Raises:
        WarehouseError: the right is missing.
    """
    folder = _nearest(path.parent)
    for place, right in ((path, os.W_OK), (folder, os.W_OK | os.X_OK)):
        if place.exists() and not os.access(place, right):
            raise WarehouseError(
                f"you have no right to write to {place}; mend its rights, or set "
                "REGULARS_WAREHOUSE to a place of your own"
            )


def check_data_dir(folder: Path) -> None:
    """Refuse a folder of raw files that is none, or in which the load would not find its files.

    Raises:
        RegularsError: it is not there, is a file, or may not be read; or a file or a column is
            missing.
    """
    # It reads Parquet, too, which takes long to import.
    from orchestration.loading.folder import find_files

    mend = "set REGULARS_DATA_DIR or --data-dir to the folder of the raw files"
    if not folder.exists():
        raise RegularsError(f"the data folder {folder} does not exist; {mend}")
    if not folder.is_dir():
        raise RegularsError(f"the data folder {folder} is a file; {mend}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise RegularsError(f"you have no right to read the data folder {folder}; mend its rights")
    source = find_source(folder)
    if reads_mapping(source):
        from orchestration.loading.mapping.load import find_mapped_files

        find_mapped_files(folder)
        return
    _refuse_files_without_mapping(folder, source)
    find_files(folder, source_tables(source))


def _refuse_files_without_mapping(folder: Path, source: str) -> None:
    """Refuse files of which nothing is known: neither a mapping is there nor a file of the source.

    Raises:
        RegularsError: says how to describe them.
    """
    from orchestration.loading.formats import FORMAT_OF_SUFFIX

    suffixes = (*FORMAT_OF_SUFFIX, ".xlsx", ".xls", ".tsv", ".txt")
    names = [path.name.lower() for path in folder.iterdir()]
    data_files = [name for name in names if name.endswith(suffixes)]
    stems = tuple(table.file_stem.lower() for table in source_tables(source))
    if data_files and not any(name.startswith(stems) for name in names):
        raise RegularsError(
            f"{folder} has no shop.yml, and none of the files of the source {source}; let "
            f"`regulars init {shlex.quote(str(folder))}` look at the files and describe them"
        )


def check_new_folder(folder: Path, option: str) -> None:
    """Refuse a place where no folder can be made.

    Raises:
        RegularsError: a file is there or above, or the right to write is missing.
    """
    above = _nearest(folder)
    if not above.is_dir():
        raise RegularsError(f"{option} is {folder}, but {above} is a file; name another folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise RegularsError(f"you have no right to write to {above}; name another folder")


def _nearest(place: Path) -> Path:
    """The place itself, or the nearest above it that is there."""
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    return place
