"""The raw files of a folder: each table has one, and no table has two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.files import RawFile
from orchestration.loading.headers import check_header, read_header
from orchestration.loading.parquet import check_parquet_types, read_parquet_types
from orchestration.loading.tables import RawTable

FILE_SUFFIXES = (".csv", ".csv.gz", ".parquet")


def find_files(folder: Path, tables: Sequence[RawTable]) -> list[RawFile]:
    """The file of each table, its header checked.

    Raises:
        InputError: the folder, a file or a column is missing, or not as expected.
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
