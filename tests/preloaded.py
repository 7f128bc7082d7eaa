"""Runs `dbt` and `regulars` as forks of a process that has their libraries imported already.

What a command does is what it does when it is typed: its own process, environment and exit code.
Only the seconds that importing and parsing take are paid once for each source and worker of the
suite, for a warehouse of the usual name. A command that differs, as by variables of its own,
imports and parses for itself. Run as a program, with the name of a source, it answers requests, one
line of JSON each::

    {"command": ["dbt", "parse"], "environment": {...}, "folder": "...", "out": "...", "err": "..."}
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.loading.tables import default_source, source_names
from orchestration.sources import find_source

PROJECT_DIR = Path(__file__).resolve().parent.parent
OWN_PACKAGES = ("orchestration", "ml", "reports")
GRAPH = "orchestration.definitions"
WAREHOUSE_NAME = "regulars.duckdb"
GRAPH_COMMANDS = ("build", "fit", "load", "models", "publish", "report", "score")
# Commands of dbt that need the project parsed, and options with which it is another one.
PARSED_COMMANDS = ("build", "compile", "run", "seed", "test")
PARSING_OPTIONS = {
    "--vars", "--no-partial-parse", "--project-dir", "--profiles-dir", "--target", "--warn-error",
}  # fmt: skip
ENTRY_POINTS = {"dbt": ("dbt.cli.main", "cli"), "regulars": ("orchestration.cli", "main")}
PRELOADED = (
    "dagster", "dagster_dbt", "dbt.adapters.duckdb", "orchestration.cli.app", "plotly.offline",
    "sklearn.mixture",
)  # fmt: skip


class PreloadedCommands:
    """A process for each source that forks a child for each command."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; returns what ``subprocess.run`` with captured texts would."""
        source = _source_to_preload(command, environment)
        if source not in self.processes:
            self.processes[source] = subprocess.Popen(
                [sys.executable, __file__, source],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        process = self.processes[source]
        stdin, stdout = process.stdin, process.stdout
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
        """Let the processes end."""
        for process in self.processes.values():
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
        self.processes = {}


def _source_to_preload(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The source of a command; the default one if it needs no graph.

    A wrong guess costs time only: a child looks for itself.
    """
    default, data_dir = default_source(), environment.get("REGULARS_DATA_DIR")
    if command[0] != "dbt" and command[1] not in GRAPH_COMMANDS:
        return default
    source = environment.get("REGULARS_SOURCE") or find_source(Path(data_dir) if data_dir else None)
    return source if source in source_names() else default


def answer(source: str) -> None:
    """Import what commands need, then fork one child for each line that comes in."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what dbt prints here
    for name in [name for name in os.environ if name.startswith("REGULARS_")]:
        del os.environ[name]
    os.environ["REGULARS_SOURCE"] = source
    # dbt's other parser has threads, for which a child that parses would wait for ever.
    os.environ["DBT_STATIC_PARSER"] = "false"
    for name in (*PRELOADED, *(module for module, _ in ENTRY_POINTS.values()), GRAPH):
        importlib.import_module(name)
    from orchestration.assets.warehouse import DBT

    DBT.parse(Path(WAREHOUSE_NAME))
    gc.collect()
    gc.freeze()  # what is there stays: no child has to look through it again
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            # An end like any other: what is open is closed, DuckDB writes its log into its file.
            sys.exit(_become(request))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    os.dup2(1, 2)  # as in _become


def _become(request: dict[str, Any]) -> int:
    """Be the command; returns its exit code."""
    command: list[str] = request["command"]
    for number, name in ((1, "out"), (2, "err")):
        target = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, number)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = command
    is_preloaded = _is_what_was_preloaded(command)
    if not is_preloaded:
        for name in [name for name in sys.modules if name.partition(".")[0] in OWN_PACKAGES]:
            del sys.modules[name]
    module, function = ENTRY_POINTS[command[0]]
    try:
        if command[0] == "dbt" and is_preloaded:
            _run_dbt_as_parsed(command)
        else:
            getattr(importlib.import_module(module), function)()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001, as the interpreter does it: say what, and end with 1
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(nothing, 2)  # DuckDB's binding would call leaked what is frozen
    return code


def _is_what_was_preloaded(command: Sequence[str]) -> bool:
    """Whether a command in this environment would make the graph and the project that are there."""
    from orchestration.assets.warehouse import SOURCE
    from orchestration.paths import MODELS_VARIABLE
    from orchestration.sources import find_source

    options = {word.partition("=")[0] for word in command}
    if os.environ.get(MODELS_VARIABLE) or Path.cwd() != PROJECT_DIR or "--source" in options:
        return False
    if command[0] == "dbt":
        return (
            command[1] in PARSED_COMMANDS
            and options.isdisjoint(PARSING_OPTIONS)
            and os.environ.get("REGULARS_SOURCE") == SOURCE
            and Path(os.environ.get("REGULARS_WAREHOUSE", "")).name == WAREHOUSE_NAME
        )
    data_dir = os.environ.get("REGULARS_DATA_DIR")
    try:
        return data_dir is not None and find_source(Path(data_dir)) == SOURCE
    except Exception:  # noqa: BLE001, the command is to say it
        return False


def _run_dbt_as_parsed(command: Sequence[str]) -> None:
    """What dbt's command line does, with the project that was parsed before."""
    from dbt.cli.main import dbtRunner

    from orchestration.assets.warehouse import DBT

    done = dbtRunner(DBT.parse(Path(WAREHOUSE_NAME))).invoke(list(command[1:]))
    if not done.success:
        sys.exit(1 if done.exception is None else 2)


if __name__ == "__main__":
    answer(sys.argv[1])
