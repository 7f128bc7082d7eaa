"""A raw file that was found, and how it is opened."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

from orchestration.loading.tables import RawTable


@dataclass(frozen=True)
class RejectedRow:
    """A row that could not be read: where it stands, and why."""

    file_name: str
    line_number: int
    column_name: str | None
    rejected_value: str | None
    reason: str
    raw_line: str


@dataclass
class RawFile:
    """A raw file with its header; of an optional table also one that is missing."""

    table: RawTable
    path: Path
    suffix: str
    header: list[str]
    stored_types: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    is_missing: bool = False
    rejects: list[RejectedRow] = field(default_factory=list)

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """Columns of the file that its table does not have."""
        return tuple(
            name or f"unnamed column {number}"
            for number, name in enumerate(self.header, 1)
            if name not in self.table.columns
        )


def open_binary(path: Path, suffix: str) -> BufferedIOBase:
    """Open a file, unpacked if it is packed."""
    return gzip.GzipFile(path) if suffix == ".csv.gz" else path.open("rb")


def file_sha256(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def first_line(error: BaseException) -> str:
    """What an error of DuckDB says first."""
    return str(error).strip().splitlines()[0].rstrip(".")
