"""The files and sheets behind a mapping: found by name or pattern, known by their bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from orchestration.errors import InputError
from orchestration.loading.formats import PARQUET, find_format
from orchestration.loading.mapping.parts import FileSpec
from orchestration.loading.mapping.sentences import did_you_mean
from orchestration.paths import shown_path

WORKBOOK = "workbook"
# How an old workbook (.xls) begins.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names that are never a shop's rows: locks of open workbooks, and hidden files.
PASSED_OVER = ("~$", ".")
DATA_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True)
class Source:
    """A file, or a sheet of a workbook, whose rows are to be read.

    Attributes:
        path: where it lies.
        format: ``csv``, ``gzip``, ``parquet`` or ``workbook``.
        spec: how it is to be read.
        sheet: of a workbook.
    """

    path: Path
    format: str
    spec: FileSpec
    sheet: str | None = None

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        name = shown_path(self.path.name)
        return name if self.sheet is None else f"{name}, sheet {self.sheet!r}"

    @property
    def unit(self) -> str:
        """What its places are counted in."""
        return "row" if self.format in {PARQUET, WORKBOOK} else "line"


def find_sources(folder: Path, spec: FileSpec, key: str) -> list[Source]:
    """The files and sheets of a table, in the order of their names.

    Args:
        folder: of the data.
        spec: what to look for.
        key: of the mapping, for errors.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    paths = _matching(folder, spec.path)
    if not paths:
        present = list_data_files(folder)
        hint = did_you_mean(spec.path, present)
        raise InputError(
            f"{key} is {spec.path!r}, but no such file is in {shown_path(folder)}{hint or ';'} the "
            f"folder holds: {', '.join(present) or 'no data files'}."
        )
    sources: list[Source] = []
    for path in paths:
        file_format = format_of(path)
        if file_format == WORKBOOK:
            sources.extend(
                Source(path, WORKBOOK, spec, sheet) for sheet in _sheets(path, spec, key)
            )
        elif spec.sheets is not None:
            raise InputError(
                f"{key}: sheets are given, but {shown_path(path.name)} is no workbook; remove them."
            )
        else:
            sources.append(Source(path, file_format, spec))
    return sources


def list_data_files(folder: Path) -> list[str]:
    """Names of the files in a folder that may hold a shop's rows."""
    return sorted(
        shown_path(path.name)
        for path in folder.iterdir()
        if path.name.lower().endswith(DATA_SUFFIXES) and not path.name.startswith(PASSED_OVER)
    )


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The file of that very name, or those that fit the pattern."""
    if not folder.is_dir():
        raise InputError(
            f"expected a folder of files, but {shown_path(folder)} "
            f"{'is a file' if folder.exists() else 'does not exist'}; name another folder."
        )
    exact = folder / pattern
    if exact.is_file():
        return [exact]
    *folders, name = pattern.split("/")
    where = folder.joinpath(*folders)
    if not where.is_dir():
        return []
    return sorted(
        path
        for path in where.iterdir()
        if fnmatchcase(path.name, name)
        and path.is_file()
        and not path.name.startswith(PASSED_OVER)
        and path.name.lower().endswith(DATA_SUFFIXES)
    )


def format_of(path: Path) -> str:
    """How a file has to be read, which its bytes say.

    Raises:
        InputError: it is empty, or holds something that the loader does not read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise InputError(
            f"{shown_path(path.name)} cannot be opened: {error.strerror or error}. Mend that, or "
            "export it again."
        ) from error
    if head.startswith(OLD_WORKBOOK) or (head.startswith(b"PK") and _is_workbook(path)):
        return WORKBOOK
    suffix = ".parquet" if path.name.lower().endswith(".parquet") else ".csv"
    return find_format(path, suffix)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not {"xl/workbook.xml", "xl/workbook.bin"}.isdisjoint(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def open_workbook(path: Path) -> Any:
    """A workbook, opened by fastexcel.

    Raises:
        InputError: it cannot be read, or fastexcel is not installed.
    """
    try:
        import fastexcel
    except ImportError as error:
        raise InputError(
            f"{shown_path(path.name)} is a workbook, and fastexcel is not installed; run "
            "`make setup`, or save the sheet as CSV in UTF-8."
        ) from error
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(
            f"{shown_path(path.name)} cannot be read as a workbook: {first}. Save it again, or "
            "save the sheet as CSV in UTF-8."
        ) from error


def _sheets(path: Path, spec: FileSpec, key: str) -> Iterator[str]:
    names: list[str] = open_workbook(path).sheet_names
    for pattern in spec.sheets or ("*",):
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        if not fitting:
            hint = did_you_mean(pattern, names)
            raise InputError(
                f"{key}: {shown_path(path.name)} has no sheet {pattern!r}{hint or ';'} it has "
                f"{', '.join(map(repr, names))}."
            )
        yield from fitting


def read_text_columns(source: Source) -> tuple[list[str], Any]:
    """The column names of a sheet, and its rows below them as an Arrow batch of texts.

    Dates of cells become texts like ``2010-12-01 08:26:00``, formulas the value that was saved.

    Raises:
        InputError: the sheet is empty.
    """
    workbook = open_workbook(source.path)
    sheet = workbook.load_sheet(
        source.sheet, header_row=source.spec.header_line - 1, dtypes="string"
    )
    names = [column.name for column in sheet.available_columns()]
    if not names or sheet.height == 0:
        raise InputError(
            f"{source.name} is empty: expected the names of columns in row "
            f"{source.spec.header_line} and rows below; name other sheets, or export it again."
        )
    return names, sheet.to_arrow()
