"""The raw files of a folder: each table has one, and no table has two."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.files import RawFile
from orchestration.loading.headers import check_header, read_header
from orchestration.loading.parquet import check_parquet_types, read_parquet_types
from orchestration.loading.tables import RawTable

FILE_SUFFIXES = (".csv", ".csv.gz", ".parquet")


def find_files(folder: Path, tables: Sequence[RawTable]) -> list[RawFile]:
    """The file of each table, its header checked; a missing one of an optional table is marked.

    Raises:
        InputError: the folder, a file or a column is missing, or not as expected; or a file is
            named nearly as one that is missing.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(
            f"expected a folder with {len(tables)} raw files, but {folder} {what}; set "
            "REGULARS_DATA_DIR to the folder of your files, or unset it to use the demo shop."
        )
    found = []
    for table in tables:
        paths = [
            path
            for suffix in FILE_SUFFIXES
            if (path := folder / (table.file_stem + suffix)).exists()
        ]
        if not paths and table.is_optional:
            _refuse_near_names(folder, table, tables)
            missing = folder / f"{table.file_stem}.csv"
            found.append(RawFile(table, missing, ".csv", list(table.columns), is_missing=True))
            continue
        if not paths:
            present = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise InputError(
                f"{table.file_stem}.csv is missing from {folder} (.csv.gz and .parquet would do "
                f"too); the folder holds: {present}. Add the file and load again."
            )
        if len(paths) > 1:
            raise InputError(
                f"{' and '.join(path.name for path in paths)} both hold {table.name}; "
                "keep the one that is right and move the other away."
            )
        suffix = next(suffix for suffix in FILE_SUFFIXES if paths[0].name.endswith(suffix))
        stored_types = read_parquet_types(paths[0]) if suffix == ".parquet" else {}
        header = list(stored_types) if stored_types else read_header(paths[0], suffix)
        check_header(paths[0].name, table, header)
        file = RawFile(table, paths[0], suffix, header, stored_types)
        if suffix == ".parquet":
            check_parquet_types(file)
        found.append(file)
    return found


def _refuse_near_names(folder: Path, table: RawTable, tables: Sequence[RawTable]) -> None:
    """Raise where a file that no table has is named nearly as this table's.

    Without a word a misspelt name would mean that the shop has no such data.
    """
    stems = {each.file_stem for each in tables}
    spare = {
        path.name: path.name.split(".")[0]
        for path in sorted(folder.iterdir())
        if path.name.endswith(FILE_SUFFIXES) and path.name.split(".")[0] not in stems
    }
    near = difflib.get_close_matches(table.file_stem, spare.values(), n=1, cutoff=0.8)
    if near:
        name = next(name for name, stem in spare.items() if stem == near[0])
        raise InputError(
            f"{table.file_stem}.csv is missing from {folder}, which holds {name}. Add the file, or "
            f"rename that one if it is the one; if the shop has no {table.name}, move it away."
        )
