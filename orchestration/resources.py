"""Where things are and how progress is shown: what the assets are given."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import duckdb

from orchestration.errors import RegularsError, WarehouseError, WarehouseLockedError
from orchestration.paths import MODELS_VARIABLE, check_database_path

PROJECT_DIR = Path(__file__).resolve().parent.parent
DEFAULT_DEMO_ORDERS = 20_000
# With fewer orders the generated shop lacks a kind of customer.
MIN_DEMO_ORDERS = 100
DEFAULT_DEMO_SEED = 20_180_830
# How long a step waits for another process to let go of the warehouse, in seconds.
LOCK_PATIENCE = 60.0
# How DuckDB begins to say so.
LOCK_MESSAGE = "Could not set lock on file"
# How long a reader that has just read a link may take to open what is behind it, in seconds.
SWAP_GRACE = 0.05
# Hidden siblings are called after their place, as in .site-1f6f8b02; so many digits.
SUFFIX_LENGTH = 8

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


@dataclass(frozen=True)
class Settings:
    """What the environment says of this build.

    Attributes:
        warehouse_path: the DuckDB file (``REGULARS_WAREHOUSE``).
        data_dir: folder of the raw files, none for the demo shop (``REGULARS_DATA_DIR``).
        max_rejected_rows: unreadable rows to set aside (``REGULARS_MAX_REJECTED_ROWS``).
        demo_orders: size of the demo shop (``REGULARS_DEMO_ORDERS``).
        demo_seed: its seed (``REGULARS_DEMO_SEED``).
        is_quick_study: a small study of segmentations, for trying out (``REGULARS_QUICK_STUDY``).
        is_tracked: fits are MLflow runs, too, where it is installed (``REGULARS_TRACKING``).
    """

    warehouse_path: Path
    data_dir: Path | None
    max_rejected_rows: int
    demo_orders: int
    demo_seed: int
    is_quick_study: bool = False
    is_tracked: bool = True

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings; unset ones have the defaults that the README lists.

        Raises:
            RegularsError: a number is not a number or too small, a path is empty, or no DuckDB file
                can be at that path.
        """
        default = PROJECT_DIR / "warehouse" / "regulars.duckdb"
        return cls(
            warehouse_path=check_database_path(_path("REGULARS_WAREHOUSE") or default.resolve()),
            data_dir=_path("REGULARS_DATA_DIR"),
            max_rejected_rows=_whole_number("REGULARS_MAX_REJECTED_ROWS", 0),
            demo_orders=_whole_number(
                "REGULARS_DEMO_ORDERS", DEFAULT_DEMO_ORDERS, at_least=MIN_DEMO_ORDERS
            ),
            demo_seed=_whole_number("REGULARS_DEMO_SEED", DEFAULT_DEMO_SEED),
            is_quick_study=_whole_number("REGULARS_QUICK_STUDY", 0) > 0,
            is_tracked=_whole_number("REGULARS_TRACKING", 1) > 0,
        )

    @cached_property
    def source(self) -> str:
        """The source whose files these are.

        It is what ``REGULARS_SOURCE`` says, or what the data folder holds; without a folder, what
        the warehouse was loaded from.
        """
        from orchestration.source import read_source_name
        from orchestration.sources import SOURCE_VARIABLE, find_source

        if self.data_dir is None and not os.environ.get(SOURCE_VARIABLE):
            loaded = read_source_name(self.warehouse_path)
            if loaded is not None:
                return loaded
        return find_source(self.data_dir)

    @property
    def folder(self) -> Path:
        """Everything that the program makes stands here, beside the warehouse file."""
        return self.warehouse_path.parent

    @property
    def demo_dir(self) -> Path:
        """The generated shop."""
        return self.folder / "demo"

    @property
    def published_dir(self) -> Path:
        """The copy for BI tools."""
        return self.folder / "published"

    @property
    def site_dir(self) -> Path:
        """The report."""
        return self.folder / "site"


def _whole_number(name: str, default: int, *, at_least: int = 0) -> int:
    text = os.environ.get(name)
    if not text:
        return default
    # Other signs are decimal digits, too, and superscripts are digits.
    if not (text.isascii() and text.isdecimal()) or int(text) < at_least:
        raise RegularsError(
            f"{name} must be a whole number from {at_least}, got {text!r}; mend or unset it"
        )
    return int(text)


def _path(name: str) -> Path | None:
    text = os.environ.get(name)
    return None if text is None else given_path(text, name).resolve()


def given_path(text: str, name: str) -> Path:
    """A path that a person gave.

    Args:
        text: as it was given.
        name: the option or variable that it was given by.

    Raises:
        RegularsError: it is empty, which Python would take for the current folder.

    Example:
        >>> given_path("shops/mine", "--data-dir").name
        'mine'
    """
    if not text.strip():
        raise RegularsError(f"{name} is empty, expected a path; give it one or leave it out")
    return Path(text)


def parsed_dir(source: str) -> Path:
    """Where dbt's manifest of a source is kept, with the models of another package apart."""
    more = os.environ.get(MODELS_VARIABLE, "")
    name = f"{source}-{hashlib.sha256(more.encode()).hexdigest()[:8]}" if more else source
    return PROJECT_DIR / "target" / "dagster" / name


class Progress(Protocol):
    """Where a step says how far it is."""

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""

    def advance(self, message: str) -> None:
        """One piece is done."""


@dataclass
class LogProgress:
    """Progress as log lines; what ``dagster dev`` uses."""

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("regulars"))

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""
        self.logger.info("%s: %d steps", step, total)

    def advance(self, message: str) -> None:
        """One piece is done."""
        self.logger.info("%s", message)


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, waiting a little while another process has it.

    Args:
        path: the DuckDB file; made if it is not there, unless read only.
        read_only: for readers; several may be open at once.

    Raises:
        WarehouseError: it is not there, not DuckDB, or stays locked; or DuckDB would take its path
            for another one.
    """
    check_database_path(path)
    if read_only and not path.exists():
        raise WarehouseError(f"there is no warehouse at {path}; run `regulars build` first")
    path.parent.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
            break
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            if LOCK_MESSAGE not in first:
                raise WarehouseError(f"{path} cannot be opened: {first}") from error
            if time.monotonic() > give_up_at:
                raise WarehouseLockedError(
                    f"{path.name} is held by another process ({first}); close it and build again. "
                    "Readers should open published/regulars.duckdb instead, which never locks."
                ) from error
            time.sleep(0.25)
    try:
        connection.execute("set autoinstall_known_extensions = false")
        yield connection
    finally:
        connection.close()


def count_all_rows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Rows of every table and view, by schema and name."""
    relations = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() order by all"
    ).fetchall()
    counts = {}
    for schema, name in relations:
        ((count,),) = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchall()
        counts[schema, name] = int(count)
    return counts


def replace_database(new: Path, place: Path) -> None:
    """Put a finished DuckDB file in a place by one rename.

    A process that was killed while it wrote to the former file may have left a write-ahead log
    beside it, which DuckDB would replay into the new one; so that goes first.

    Args:
        new: a checkpointed file, on the same disk.
        place: where readers look.
    """
    place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    new.replace(place)


def swap_folder(new: Path, place: Path) -> None:
    """Put a finished folder in a place, atomically for readers.

    The place is a relative symbolic link to a hidden sibling; replacing a link is one rename, so a
    reader sees the former folder or the new one, whole. Files that a reader has open stay
    readable; the former folder is removed.

    Args:
        new: the finished folder, in the same parent as ``place``.
        place: where readers look.
    """
    former = None
    if place.is_symlink() and place.readlink().parent == Path():
        former = place.readlink().name
    if place.exists() and not place.is_symlink():
        shutil.rmtree(place)
    link = place.with_name(f"{new.name}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(new.name, target_is_directory=True)
    link.replace(place)
    time.sleep(SWAP_GRACE)
    # Besides the former folder, what steps that were killed have left.
    left = re.compile(rf"\.{re.escape(place.name)}-[0-9a-f]{{{SUFFIX_LENGTH}}}(\.link)?")
    for sibling in place.parent.iterdir():
        if sibling.name == new.name or not (sibling.name == former or left.fullmatch(sibling.name)):
            continue
        if sibling.is_symlink():
            sibling.unlink()
        else:
            shutil.rmtree(sibling, ignore_errors=True)


def new_folder(place: Path) -> Path:
    """An empty hidden sibling of a place, to be filled and then given to ``swap_folder``."""
    folder = place.with_name(f".{place.name}-{uuid.uuid4().hex[:SUFFIX_LENGTH]}")
    folder.mkdir(parents=True)
    return folder
