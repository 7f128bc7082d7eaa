"""What a command that did not come to its end has left as it was."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.settings import Settings
from orchestration.staging import FAILED_NAME, FileIdentity, staged_path
from orchestration.swapping import SUFFIX_LENGTH

# How the system, DuckDB and SQLite say that a disk is full.
FULL_DISK = re.compile(
    r"no space left on device|disk quota exceeded|database or disk is full"
    r"|max_temp_directory_size|not enough (free )?(disk )?space",
    re.IGNORECASE,
)
MEGABYTE = 1_000_000
# A build holds the warehouse, the copy that a step works on, the published copy, what DuckDB keeps
# for its transactions, and the report.
ROOM_PER_WAREHOUSE = 3.0
MIN_ROOM = 100 * MEGABYTE


@dataclass(frozen=True)
class Standing:
    """How warehouse, published copy and report stood when a command began.

    Attributes:
        settings: where they are.
        warehouse: identity of the file, None where there was none.
        published: likewise.
        report: likewise.
    """

    settings: Settings
    warehouse: FileIdentity | None
    published: FileIdentity | None
    report: FileIdentity | None

    @classmethod
    def look(cls, settings: Settings) -> Standing:
        """How they stand now."""
        return cls(
            settings,
            FileIdentity.of(settings.warehouse_path),
            FileIdentity.of(settings.published_dir / "regulars.duckdb"),
            FileIdentity.of(settings.site_dir / "index.html"),
        )

    def describe(self) -> str:
        """What is as it was, in a sentence."""
        now = Standing.look(self.settings)
        if now.warehouse == self.warehouse and self.warehouse is None:
            return "No warehouse was made."
        copies = "The published copy is as it was."
        if now.published is None:
            copies = "Nothing was published."
        elif now.published != self.published:
            copies = "The published copy is new and whole."
        if now.warehouse == self.warehouse:
            same = now.published is not None and now.published == self.published
            if same:
                return "The warehouse and the published copy are as they were."
            return f"The warehouse is as it was. {copies}"
        return f"The warehouse is whole and holds what the steps before made. {copies}"


def remove_if_empty(standing: Standing) -> None:
    """Remove a warehouse that a failed command has made, and put nothing into."""
    path = standing.settings.warehouse_path
    if standing.warehouse is not None or not path.exists():
        return
    count = 0
    if path.stat().st_size > 0:
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = "select count(*) from information_schema.tables"
                ((count,),) = connection.execute(tables).fetchall()
        except duckdb.Error:
            return  # not ours to judge; whoever opens it is told
    if count == 0:
        for made in (path, path.with_name(f"{path.name}.wal")):
            made.unlink(missing_ok=True)


def is_full_disk(text: str, folder: Path | None = None) -> bool:
    """Whether an error says that a disk is full.

    Args:
        text: what the error and its causes say.
        folder: SQLite, in which Dagster keeps its history, only speaks of an I/O error; it is a
            full disk if there is next to no room here.

    Example:
        >>> is_full_disk("IO Error: Could not write file: No space left on device")
        True
        >>> is_full_disk("Catalog Error: no such table")
        False
    """
    if FULL_DISK.search(text):
        return True
    if folder is None or "disk i/o error" not in text.lower():
        return False
    return shutil.disk_usage(folder).free < MEGABYTE


def describe_full_disk(standing: Standing, doing: str) -> str:
    """One sentence on what was being done, what stands, and how much room is wanted."""
    settings = standing.settings
    folder = settings.folder if settings.folder.exists() else settings.folder.parent
    size = settings.warehouse_path.stat().st_size if settings.warehouse_path.exists() else 0
    needed_bytes = max(ROOM_PER_WAREHOUSE * size, MIN_ROOM)
    missing = max(needed_bytes - shutil.disk_usage(folder).free, MEGABYTE)
    stands = standing.describe().rstrip(".")
    stands = stands[0].lower() + stands[1:].replace(". The", "; the").replace(". N", "; n")
    return (
        f"no space left on the disk of {folder} while {doing}; {stands}; "
        f"free about {missing / MEGABYTE:,.0f} MB and run the command again"
    )


def remove_leftovers(settings: Settings, *, is_disk_full: bool) -> None:
    """Remove what a command that did not come to its end has left half-made.

    Only for the holder of the warehouse's lock: nobody else is at work on these.

    Args:
        settings: where they are.
        is_disk_full: then the tables of failed attempts go, too, which are kept to be looked at.
    """
    shutil.rmtree(staged_path(settings.warehouse_path).parent, ignore_errors=True)
    if is_disk_full:
        shutil.rmtree(settings.folder / FAILED_NAME, ignore_errors=True)
    for place in (settings.site_dir, settings.published_dir / "parquet"):
        current = place.readlink().name if place.is_symlink() else None
        hidden = re.compile(rf"\.{re.escape(place.name)}-[0-9a-f]{{{SUFFIX_LENGTH}}}(\..*)?")
        for sibling in place.parent.glob(f".{place.name}-*"):
            if sibling.name != current and hidden.fullmatch(sibling.name):
                _remove(sibling)
    for spilled in settings.folder.glob(f"{settings.warehouse_path.name}.tmp"):
        _remove(spilled)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
