"""Where a run writes: in the warehouse itself, or on a copy that takes its place at the end.

A run of single transactions (a load, fits) works in place: what a killed or failed step began is
rolled back by the database. A run with dbt in it works on one copy, from its first writing step to
its last, since dbt commits each table by itself. The copy takes the place of the warehouse if every
step succeeded and the warehouse is still the file that was copied.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from orchestration.errors import StepNotRunError, WarehouseError, WarehouseLockedError
from orchestration.gate import Gate
from orchestration.locking import STAGE_NAME
from orchestration.warehouse_file import open_warehouse, replace_database

FAILED_NAME = "failed"
# Of linux/fs.h: make a file share the blocks of another until either is written to.
FICLONE = 0x40049409
# How much is copied at a time where it cannot.
COPY_BYTES = 16 << 20


@dataclass(frozen=True)
class FileIdentity:
    """What tells a file from another one in its place, and from itself after a change."""

    device: int
    inode: int
    changed_at_ns: int
    byte_count: int

    @classmethod
    def of(cls, path: Path) -> FileIdentity | None:
        """The identity of the file that is there now, if there is one."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return cls(status.st_dev, status.st_ino, status.st_ctime_ns, status.st_size)


def staged_path(path: Path) -> Path:
    """Where the copy of a warehouse lies while a run works on it; always the same place.

    dbt parses a project anew whenever its profile's path has changed.
    """
    return path.parent / STAGE_NAME / path.name


@dataclass
class WritingRun:
    """The one place where the steps of a run write; they come one after the other.

    Attributes:
        warehouse_path: the warehouse that readers see.
        is_copy_open: whether the run works on a copy now.
        copied: the identity of what was copied; None where there was no warehouse yet.
        remaining: steps that have yet to write to the copy, by name.
        failed_step: the step after which nothing is written to the copy any more.
        gate: which warehouse the publish gate let pass in this run, and what it saw.
    """

    warehouse_path: Path
    is_copy_open: bool = False
    copied: FileIdentity | None = None
    remaining: set[str] = field(default_factory=set)
    failed_step: str | None = None
    gate: tuple[FileIdentity | None, Gate] | None = None

    @property
    def path(self) -> Path:
        """The file that has what the run's steps have written so far."""
        return staged_path(self.warehouse_path) if self.is_copy_open else self.warehouse_path

    @contextmanager
    def step_in_place(self) -> Iterator[Path]:
        """A step that is one transaction, in a run without dbt.

        Yields:
            The warehouse.

        Raises:
            WarehouseError: there is no warehouse to write to.
        """
        if not self.warehouse_path.exists():
            raise WarehouseError(
                f"there is no warehouse at {self.warehouse_path}; run `regulars build` first"
            )
        yield self.warehouse_path

    @contextmanager
    def step_on_copy(self, name: str, writers: Collection[str]) -> Iterator[Path]:
        """A step that works on the copy; the last one lets it take the warehouse's place.

        Args:
            name: the step.
            writers: all steps of the run that write, this one among them.

        Yields:
            The copy.

        Raises:
            WarehouseError: an earlier step failed; the warehouse was changed by another program
                while the run worked on its copy; or it is open elsewhere.
        """
        if self.failed_step is not None:
            raise StepNotRunError(
                f"{name} was not run, since {self.failed_step} failed and the warehouse is as it "
                "was before"
            )
        try:
            if not self.is_copy_open:
                self.copied = stage_copy(self.warehouse_path)
                self.is_copy_open, self.remaining = True, set(writers)
            yield self.path
            self.remaining.discard(name)
            if not self.remaining:
                self._commit()
        except BaseException as error:
            self.failed_step = name
            self.abandon(is_kept=isinstance(error, Exception))
            raise

    def _commit(self) -> None:
        copy = self.path
        with open_warehouse(copy) as connection:
            connection.execute("checkpoint")
        with _nobody_writing(self.warehouse_path):
            # A log beside it has what a program that was killed had committed.
            if (
                FileIdentity.of(self.warehouse_path) != self.copied
                or _log_of(self.warehouse_path).exists()
            ):
                raise WarehouseError(
                    f"{self.warehouse_path.name} was changed by another program while this run "
                    "worked on a copy of it. It stays as that program left it; what this run made "
                    f"is in {FAILED_NAME}/, beside it. Run this again"
                )
            replace_database(copy, self.warehouse_path)
        self.is_copy_open = False
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.rmtree(self.warehouse_path.parent / FAILED_NAME, ignore_errors=True)

    def abandon(self, *, is_kept: bool = True) -> None:
        """Give up the copy, if there is one; the warehouse stands as it is.

        Args:
            is_kept: whether the copy goes to ``failed/``, to be looked at; else it is removed.
        """
        if not self.is_copy_open:
            return
        stage, failed = self.path.parent, self.warehouse_path.parent / FAILED_NAME
        self.is_copy_open = False
        if is_kept:
            shutil.rmtree(failed, ignore_errors=True)
            # The whole stage: what DuckDB had not yet checkpointed lies in a file beside the copy.
            with suppress(OSError):
                stage.rename(failed)
        shutil.rmtree(stage, ignore_errors=True)


def stage_copy(path: Path) -> FileIdentity | None:
    """Copy the warehouse to its stage; a file system that can share blocks copies none of them.

    Returns:
        The identity of what was copied; None where there is no warehouse yet.

    Raises:
        WarehouseError: it is open elsewhere, or was changed meanwhile.
        OSError: there is no room for a copy; no part of one is left.
    """
    copy = staged_path(path)
    if copy.exists():
        # Left by a run that was killed, whose dbt may still be at work on it for some seconds.
        try:
            with open_warehouse(copy):
                pass
        except WarehouseLockedError:
            raise
        except WarehouseError:
            pass  # killed while it copied: half a file, and nobody at work on it
    shutil.rmtree(copy.parent, ignore_errors=True)
    # What the last failed run left; it would take the room of the new copy.
    shutil.rmtree(path.parent / FAILED_NAME, ignore_errors=True)
    if _log_of(path).exists():
        with open_warehouse(path) as connection:
            connection.execute("checkpoint")
    copy.parent.mkdir(parents=True)
    with _nobody_writing(path):
        identity = FileIdentity.of(path)
        if identity is None:
            return None
        try:
            copy_file(path, copy)
        except OSError:
            shutil.rmtree(copy.parent, ignore_errors=True)
            raise
        if FileIdentity.of(path) != identity or _log_of(path).exists():
            raise WarehouseError(
                f"{path.name} was changed by another program while it was copied; run this again"
            )
    return identity


def _log_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a file; there only while somebody writes, or after a kill."""
    return path.with_name(f"{path.name}.wal")


@contextmanager
def _nobody_writing(path: Path) -> Iterator[None]:
    """Wait for a program that has the warehouse open for writing, and keep others from it.

    Readers may go on. Reading the file in this process ends the lock once the reading is over, so
    whoever copies the file has to compare it afterwards.
    """
    with open_warehouse(path, read_only=True) if path.exists() else nullcontext():
        yield


def copy_file(source: Path, target: Path) -> None:
    """Copy a file: in no time where the file system can share its blocks, else byte by byte."""
    with source.open("rb") as read, target.open("wb") as written:
        if not _share_blocks(read, written):
            shutil.copyfileobj(read, written, COPY_BYTES)


def _share_blocks(read: BinaryIO, written: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(written.fileno(), FICLONE, read.fileno())
    except OSError:
        return False
    return True
