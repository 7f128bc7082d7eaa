"""The log of all commands, beside the warehouse."""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TextIO

LARGEST_SIZE = 5_000_000


class BuildLog(io.TextIOBase):
    """A text file to print to, which is silent where it cannot be written.

    A full disk must not hide what a command has to say of it.
    """

    def __init__(self, path: Path, job_name: str) -> None:
        self._stream: TextIO | None = None
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size > LARGEST_SIZE:
                path.replace(path.with_name(f"{path.name}.old"))
            self._stream = path.open("a", encoding="utf-8", errors="replace", buffering=1)
        began_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self.write(f"\n== {job_name}, {began_at}, Regulars {version('regulars')} ==\n")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What is printed may be any text."""
        return "utf-8"

    def writable(self) -> bool:
        """It takes text, whether it keeps it or not."""
        return True

    def write(self, text: str, /) -> int:
        """Keep a text if that is possible."""
        if self._stream is not None:
            try:
                self._stream.write(text)
            except OSError:
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Write what is waiting."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except OSError:
                self._give_up()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._give_up()

    def _give_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
