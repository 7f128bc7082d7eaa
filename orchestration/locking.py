"""One writer at a time: the warehouse's lock, whichever program takes it."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import WarehouseLockedError

LOCK_NAME = ".regulars.lock"
HOLDER_NAME = ".regulars.lock.holder"
# A process that a writer started shows this to work under the writer's lock.
TOKEN_VARIABLE = "REGULARS_LOCK_TOKEN"
# Where a run works on a copy of the warehouse; the lock is that of the warehouse.
STAGE_NAME = ".stage"


@dataclass(frozen=True)
class Holder:
    """Who writes to a warehouse.

    Attributes:
        program: what was typed, or what Dagster runs.
        process_id: of the process that holds the lock.
        since: when it took the lock, in UTC, ISO 8601.
        token: what its own child processes show.
    """

    program: str
    process_id: int
    since: str
    token: str

    @property
    def description(self) -> str:
        """For the person who has to wait."""
        since = datetime.fromisoformat(self.since).astimezone()
        return f"{self.program} (process {self.process_id}, since {since:%Y-%m-%d %H:%M:%S})"


# The locks that this process holds: a step inside of a command works under the command's lock.
_HELD: dict[Path, Holder] = {}


def lock_folder(warehouse_path: Path) -> Path:
    """The folder whose lock guards a warehouse file, or the copy of it that a run works on.

    >>> str(lock_folder(Path("shop/.stage/regulars.duckdb")))
    'shop'
    """
    folder = warehouse_path.parent
    return folder.parent if folder.name == STAGE_NAME else folder


@contextmanager
def hold_lock(
    warehouse_path: Path, program: str | None = None, *, patience: float = 0.0
) -> Iterator[Holder]:
    """Hold the lock of a warehouse; only one process at a time does.

    The operating system lets go of the lock when a process ends, however it ends, so a lock never
    has to be removed by hand. Within a process the lock can be taken again.

    Args:
        warehouse_path: the DuckDB file, or the copy of it that a run works on.
        program: who wants it, for those who wait; the command line if not given.
        patience: seconds to wait while another holds it, 0 or more.

    Raises:
        WarehouseLockedError: another process holds it, and which.
    """
    folder = lock_folder(warehouse_path).resolve()
    if folder in _HELD:
        yield _HELD[folder]
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_NAME, timeout=patience)
    former_token = os.environ.get(TOKEN_VARIABLE)
    if former_token and is_token_of_holder(folder, former_token):
        with _parents_lock(lock, warehouse_path) as holder:
            yield holder
        return
    try:
        lock.acquire()
    except Timeout as error:
        raise WarehouseLockedError(_refusal(warehouse_path, folder)) from error
    holder = Holder(
        program=program or command_line(),
        process_id=os.getpid(),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        token=uuid.uuid4().hex,
    )
    try:
        _write_holder(folder, holder)
        _HELD[folder] = holder
        os.environ[TOKEN_VARIABLE] = holder.token
        yield holder
    finally:
        _HELD.pop(folder, None)
        if former_token is None:
            os.environ.pop(TOKEN_VARIABLE, None)
        else:
            os.environ[TOKEN_VARIABLE] = former_token
        (folder / HOLDER_NAME).unlink(missing_ok=True)
        lock.release()


@contextmanager
def _parents_lock(lock: FileLock, warehouse_path: Path) -> Iterator[Holder]:
    """Work under the lock of the process that started this one, as long as that one lives."""
    with suppress(Timeout):
        lock.acquire(timeout=0)
        lock.release()
        raise WarehouseLockedError(
            f"the program that started this one and held the lock of {warehouse_path.name} has "
            "ended; start it again"
        )
    holder = read_holder(lock_folder(warehouse_path).resolve())
    yield holder or Holder("another program", os.getppid(), "", "")


def is_token_of_holder(folder: Path, token: str) -> bool:
    """Whether a token is that of the last process that held the lock of a folder."""
    holder = read_holder(folder)
    return holder is not None and holder.token == token


def read_holder(folder: Path) -> Holder | None:
    """Who holds the lock of a folder, as far as it has said so; stale where nobody does."""
    try:
        return Holder(**json.loads((folder / HOLDER_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def command_line() -> str:
    """What was typed, without folders: ``regulars build --as-of 2018-03-01``."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:120]


def _write_holder(folder: Path, holder: Holder) -> None:
    new = folder / f"{HOLDER_NAME}-new"
    new.write_text(json.dumps(asdict(holder)), encoding="utf-8")
    new.replace(folder / HOLDER_NAME)


def _refusal(warehouse_path: Path, folder: Path) -> str:
    holder = read_holder(folder)
    if holder is None:  # it has just taken the lock, and is about to say who it is
        time.sleep(0.2)
        holder = read_holder(folder)
    who = holder.description if holder else "another process"
    return (
        f"{warehouse_path.name} is being written to by {who}; wait for it to end, or give this one "
        "a warehouse of its own with REGULARS_WAREHOUSE"
    )
