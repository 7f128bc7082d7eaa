"""A raw file that was found, and the one way to open it: exactly that file, whatever its path."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BufferedIOBase
from pathlib import Path

from orchestration.errors import InputError
from orchestration.loading.formats import FORMAT_NAMES, FORMAT_OF_SUFFIX, GZIP, PARQUET
from orchestration.loading.tables import RawTable

DESCRIPTORS = Path("/dev/fd")
# No row of these files comes near it; a quote that is never closed does.
MAX_LINE_BYTES = 2_097_152


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
    """A raw file with its header; of an optional table also one that is missing.

    Attributes:
        table: what it must hold.
        path: where it lies.
        suffix: what its name ends with, such as ``.csv.gz``.
        format: how it is read, which its bytes say: ``csv``, ``gzip`` or ``parquet``.
        header: its columns.
        stored_types: of a Parquet file, column to type.
        sha256: digest of its bytes.
        is_missing: whether there is no such file, and the table stays empty.
        rejects: rows that are kept out.
    """

    table: RawTable
    path: Path
    suffix: str
    format: str
    header: list[str] = field(default_factory=list)
    stored_types: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    is_missing: bool = False
    rejects: list[RejectedRow] = field(default_factory=list)
    _identity: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Remember which file it is, before anything of it is read."""
        self._identity = () if self.is_missing else self._stat()

    def _stat(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """Columns of the file that its table does not have."""
        return tuple(
            name or f"unnamed column {number}"
            for number, name in enumerate(self.header, 1)
            if name not in self.table.columns
        )

    @property
    def unit(self) -> str:
        """What its places are counted in: lines of text, or rows."""
        return "row" if self.format == PARQUET else "line"

    @property
    def misnomer(self) -> str:
        """What it was read as, if its name says otherwise; else nothing."""
        if FORMAT_OF_SUFFIX[self.suffix] == self.format:
            return ""
        return FORMAT_NAMES[self.format]

    @cached_property
    def has_windows_ends(self) -> bool:
        r"""Whether the header of a file of text ends in ``\r\n``."""
        with self.open() as stream:
            return stream.readline(MAX_LINE_BYTES).endswith(b"\r\n")

    def open(self) -> BufferedIOBase:
        """Its bytes, unpacked if they are packed."""
        return open_binary(self.path, self.format)

    def require_unchanged(self) -> None:
        """See that the file is still the one that was found.

        Raises:
            InputError: another program has written to it meanwhile.
        """
        try:
            is_same = self._stat() == self._identity
        except OSError:
            is_same = False
        if not is_same:
            raise InputError(
                f"{self.path.name} was changed while it was read; wait until its export has ended, "
                "then load again."
            )


def open_binary(path: Path, file_format: str) -> BufferedIOBase:
    """Open a file, unpacked if it is packed."""
    return gzip.GzipFile(path) if file_format == GZIP else path.open("rb")


@contextmanager
def duckdb_path(path: Path) -> Iterator[str]:
    """A path by which DuckDB reads this file and no other, whatever signs its own path has.

    DuckDB takes ``*``, ``?`` and ``[2]`` in a path for patterns, and ``order_status=delivered`` for
    a column. The path of an open file has none of these.

    Args:
        path: the file.

    Yields:
        A path that is good until the end of the block.

    Raises:
        InputError: the file cannot be opened, or this system has no paths of open files.
    """
    if not DESCRIPTORS.is_dir():
        raise InputError(
            f"{path.name} cannot be read: this system has no {DESCRIPTORS}. Run the load on Linux "
            "or macOS."
        )
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be opened: {error.strerror or error}. Mend that, or export it "
            "again."
        ) from error
    with stream:
        yield str(DESCRIPTORS / str(stream.fileno()))


def file_with(files: Sequence[RawFile], role: str) -> RawFile | None:
    """The first file with a column that plays a role, such as ``ordered_at``."""
    return next((file for file in files if file.table.column_of(role) is not None), None)


def file_sha256(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def first_line(error: BaseException) -> str:
    """What an error of DuckDB says first, without the path of the open file."""
    text = str(error).strip().splitlines()[0].rstrip(".")
    return re.sub(rf"\"?{DESCRIPTORS}/\d+\"?", "the file", text)
