"""Runs `dbt` and `regulars` as forks of a process that has their libraries imported already.

What a command does is what it does when it is typed: its own process, environment and exit code.
Only the seconds that importing takes are paid once for each worker of the suite. Run as a program
it answers requests, one line of JSON each::

    {"command": ["dbt", "parse"], "environment": {...}, "folder": "...", "out": "...", "err": "..."}
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ENTRY_POINTS = {"dbt": ("dbt.cli.main", "cli"), "regulars": ("orchestration.cli", "main")}
PRELOADED = (
    "dagster", "dagster_dbt", "dbt.adapters.duckdb", "orchestration.cli.app", "plotly.offline",
    "sklearn.mixture",
)  # fmt: skip


class PreloadedCommands:
    """A process that forks a child for each command."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; returns what ``subprocess.run`` with captured texts would."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        with tempfile.TemporaryDirectory() as name:
            out, err = Path(name) / "out", Path(name) / "err"
            request = {
                "command": list(command),
                "environment": dict(environment),
                "folder": str(folder),
                "out": str(out),
                "err": str(err),
            }
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            code = int(stdout.readline())
            return subprocess.CompletedProcess(
                list(command),
                code,
                out.read_text(errors="replace"),
                err.read_text(errors="replace"),
            )

    def close(self) -> None:
        """Let the process end."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait(30)
            self.process = None


def answer() -> None:
    """Import what commands need, then fork one child for each line that comes in."""
    for name in (*PRELOADED, *(module for module, _ in ENTRY_POINTS.values())):
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            # An end like any other: what is open is closed, DuckDB writes its log into its file.
            sys.exit(_become(request))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(request: dict[str, Any]) -> int:
    """Be the command; returns its exit code."""
    command: list[str] = request["command"]
    for number, name in ((1, "out"), (2, "err")):
        target = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = command
    module, function = ENTRY_POINTS[command[0]]
    try:
        getattr(importlib.import_module(module), function)()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001, as the interpreter does it: say what, and end with 1
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    answer()
