"""The raw files of a folder: each table has one, and no table has two."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.files import RawFile
from orchestration.loading.formats import CSV, FORMAT_OF_SUFFIX, PARQUET, find_format
from orchestration.loading.headers import check_header, read_header
from orchestration.loading.odd_files import spare_files
from orchestration.loading.parquet import (
    check_parquet_types,
    read_parquet_names,
    read_parquet_types,
)
from orchestration.loading.tables import RawTable
from orchestration.paths import shown_path


def find_files(folder: Path, tables: Sequence[RawTable]) -> list[RawFile]:
    """The file of each table, its header checked; a missing one of an optional table is marked.

    Args:
        folder: where the files lie, right in it.
        tables: what to look for.

    Raises:
        InputError: the folder, a file or a column is missing, or not as expected; or a file is
            named nearly as one that is missing.
    """
    try:
        if not folder.is_dir():
            flaw = "is a file" if folder.exists() else "does not exist"
            raise InputError(
                f"expected a folder with {len(tables)} raw files, but {shown_path(folder)} {flaw}; "
                "set REGULARS_DATA_DIR to the folder of your files, or unset it to use the demo "
                "shop."
            )
        return [_find_file(folder, table, tables) for table in tables]
    except OSError as error:
        raise InputError(
            f"{shown_path(folder)} cannot be looked through: {error.strerror or error}. Give "
            "yourself the right to read it, or set REGULARS_DATA_DIR to another folder."
        ) from error


def _find_file(folder: Path, table: RawTable, tables: Sequence[RawTable]) -> RawFile:
    suffixes = {table.file_stem.lower() + suffix: suffix for suffix in FORMAT_OF_SUFFIX}
    # A link to nowhere is a file that cannot be opened, not one that is missing.
    names = {
        path.name: suffixes[path.name.lower()]
        for path in sorted(folder.iterdir())
        if path.name.lower() in suffixes
    }
    file_names = sorted(names, key=lambda name: list(FORMAT_OF_SUFFIX).index(names[name]))
    if not file_names and table.is_optional:
        _refuse_near_names(folder, table, tables)
        missing = folder / f"{table.file_stem}.csv"
        return RawFile(table, missing, ".csv", CSV, list(table.columns), is_missing=True)
    if not file_names:
        present = ", ".join(sorted(shown_path(path.name) for path in folder.iterdir()))
        raise InputError(
            f"{table.file_stem}.csv is missing from {shown_path(folder)} (.csv.gz and .parquet "
            f"would do too); the folder holds: {present or 'nothing'}. Add the file and load again."
        )
    if len(file_names) > 1:
        raise InputError(
            f"{' and '.join(file_names)} both hold {table.name}; keep the one that is right and "
            "move the other away."
        )
    path, suffix = folder / file_names[0], names[file_names[0]]
    file = RawFile(table, path, suffix, find_format(path, suffix))
    if file.format == PARQUET:
        file.stored_types = read_parquet_types(path)
        file.header = list(file.stored_types)
        check_header(file, read_parquet_names(path))
    else:
        file.header = read_header(path, file.format)
        check_header(file, file.header)
    if file.format == PARQUET:
        check_parquet_types(file)
    return file


def _refuse_near_names(folder: Path, table: RawTable, tables: Sequence[RawTable]) -> None:
    """Raise where a file that no table has is named nearly as this table's.

    Without a word a misspelt name would mean that the shop has no such data.
    """
    stems = [other_table.file_stem for other_table in tables]
    other_stems = {stem.lower() for stem in stems} - {table.file_stem.lower()}
    spare = {
        name: stem
        for name in spare_files(folder, stems)
        if (stem := name.split(".")[0].lower()) not in other_stems
    }
    near = difflib.get_close_matches(table.file_stem.lower(), spare.values(), n=1, cutoff=0.8)
    if near:
        name = next(name for name, stem in spare.items() if stem == near[0])
        raise InputError(
            f"{table.file_stem}.csv is missing from {shown_path(folder)} (.csv.gz and .parquet "
            f"would do too), which holds {shown_path(name)}. Add the file, or rename that one if "
            f"it is the one; if the shop has no {table.name}, move it away."
        )
