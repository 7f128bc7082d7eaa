"""Progress in the terminal: one bar per step."""

from __future__ import annotations

import contextlib
import os
import signal
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

console = Console(stderr=True, highlight=False)


def say(message: str) -> None:
    """Print sentences beside the progress; a terminal breaks them between words, never a path."""
    if console.is_terminal:
        message = _fill(message)
    console.print(message, soft_wrap=True, markup=False, emoji=False)


def print_error(message: str, beginning: str = "Error:") -> None:
    """What went wrong, in sentences; square brackets in it are its own."""
    line = f"{beginning} {message}"
    if console.is_terminal:
        line = _fill(line)
    text = escape(line[len(beginning) :])
    console.print(f"[red]{escape(beginning)}[/]{text}", soft_wrap=True, emoji=False)


def _fill(message: str) -> str:
    return "\n".join(
        textwrap.fill(line, console.width, break_long_words=False, break_on_hyphens=False)
        for line in message.splitlines()
    )


@dataclass
class BarProgress:
    """Progress as one bar per step, with the time that each step took."""

    bars: Progress
    task: TaskID | None = None
    step: str = ""
    began_at: float = 0.0
    is_interrupted: Callable[[], bool] = lambda: False
    seconds: dict[str, float] = field(default_factory=dict)

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""
        self.finish()
        self.step, self.began_at = step, time.monotonic()
        self.task = self.bars.add_task(step, total=total, message="")
        if not console.is_terminal:
            console.print(f"{step} ...")

    def advance(self, message: str) -> None:
        """One piece is done; a Ctrl-C that Python has lost meanwhile ends the command here."""
        if threading.current_thread() is threading.main_thread() and self.is_interrupted():
            raise KeyboardInterrupt
        if self.task is not None:
            self.bars.update(self.task, advance=1, message=message[:60])

    def finish(self) -> None:
        """The current step is over."""
        if self.task is None:
            return
        self.seconds[self.step] = (
            self.seconds.get(self.step, 0.0) + time.monotonic() - self.began_at
        )
        total = self.bars.tasks[self.task].total
        self.bars.update(self.task, completed=total or 0)
        self.bars.stop_task(self.task)
        self.task = None


@contextlib.contextmanager
def watch_interrupts() -> Iterator[Callable[[], bool]]:
    """Whether somebody has pressed Ctrl-C, whoever handles the signal.

    The exception that a handler raises is lost where Python is just collecting garbage. What the
    interpreter writes to this pipe is not.
    """
    receiver, sender = os.pipe()
    for end in (receiver, sender):
        os.set_blocking(end, False)
    former = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    signals = bytearray()

    def is_interrupted() -> bool:
        with contextlib.suppress(BlockingIOError):
            signals.extend(os.read(receiver, 4_096))
        return signal.SIGINT in signals

    try:
        yield is_interrupted
    finally:
        signal.set_wakeup_fd(former)
        os.close(sender)
        os.close(receiver)


@contextlib.contextmanager
def show_progress() -> Iterator[BarProgress]:
    """Bars for as long as a command is at work."""
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        # What is left of the line: a long name is cut, the time is not.
        TextColumn(
            "[dim]{task.fields[message]}",
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
    )
    bars = Progress(*columns, console=console, disable=not console.is_terminal, expand=True)
    with watch_interrupts() as is_interrupted, bars:
        progress = BarProgress(bars, is_interrupted=is_interrupted)
        yield progress
        progress.finish()
