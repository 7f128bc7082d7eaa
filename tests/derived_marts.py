"""Marts that are made of other marts, from a few rows of those, without dbt and a warehouse.

Their SQL is rendered with the stand-ins that sqlfluff renders it with (``dbt_project/lint``): a
test of pages gives rows of what the shop is, and gets what follows by the marts' own formulas.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

import duckdb
import jinja2

from orchestration.settings import PROJECT_DIR

MARTS = PROJECT_DIR / "dbt_project" / "models" / "marts"
SEEDS = PROJECT_DIR / "seeds"
LINT = PROJECT_DIR / "dbt_project" / "lint" / "__init__.py"
READ = re.compile(r"\bref\(\s*'(\w+)'\s*\)|\bsource\(\s*'(\w+)',\s*'(\w+)'\s*\)")


def schema_of(path: Path) -> str:
    """The schema of the mart of a file."""
    return "marts_ml" if "diagnostics" in path.parts else "marts"


def derive_marts(connection: duckdb.DuckDBPyConnection, given: Collection[str]) -> list[str]:
    """Fill each mart that reads marts, seeds and logs only, after those that it reads.

    What is a view of logs becomes one, so that it knows what is logged later.

    Args:
        connection: has every mart as an empty table, and rows in those that are given.
        given: marts that stay as they are.

    Returns:
        The marts that were filled, in their order.
    """
    files = {path.stem: path for path in MARTS.rglob("*.sql")}
    reads = {name: _reads(path) for name, path in files.items() if name not in given}
    outside = {name for name, names in reads.items() if not _is_known(names, files)}
    filled: list[str] = []
    settled = {name for name in files if name not in reads} | outside
    while ready := sorted(
        name
        for name in reads.keys() - outside - set(filled)
        if (reads[name] & files.keys()) <= settled
    ):
        for name in ready:
            table = f"{schema_of(files[name])}.{name}"
            query = render_mart(files[name])
            if files[name].parent.name == "logs":
                connection.execute(f"drop table {table}")
                connection.execute(f"create view {table} as {query}")
            else:
                connection.execute(f"insert into {table} by name {query}")
            filled.append(name)
            settled.add(name)
    return filled


def render_mart(path: Path) -> str:
    """The SQL of a mart's file, in which other marts, seeds and logs are tables of DuckDB."""
    files = {path.stem: path for path in MARTS.rglob("*.sql")}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    stand_ins = _stand_ins()
    environment.globals.update(
        {name: getattr(stand_ins, name) for name in dir(stand_ins) if not name.startswith("_")},
        ref=lambda name: _table(name, files),
        source=lambda _source, name: f"raw.{name}",
    )
    return environment.from_string(path.read_text("utf-8")).render()


def _reads(path: Path) -> set[str]:
    """Names of the models that a file reads; those of sources with the source before them."""
    text = path.read_text("utf-8")
    # What `conformed` stands for is not among the files either.
    names = {"conformed"} if re.search(r"\bconformed\(", text) else set()
    return names | {model or f"{source}.{table}" for model, source, table in READ.findall(text)}


def _is_known(names: set[str], files: Collection[str]) -> bool:
    return all(
        name in files or name.startswith("logs.") or (SEEDS / f"{name}.csv").exists()
        for name in names
    )


def _table(name: str, files: dict[str, Path]) -> str:
    if name in files:
        return f"{schema_of(files[name])}.{name}"
    return f"read_csv('{SEEDS / name}.csv', header = true)"


def _stand_ins() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sqlfluff_stand_ins", LINT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
