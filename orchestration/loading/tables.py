"""Which files a source has, and what each must hold: read from the source's sources YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROW_TESTS = ("not_null", "unique", "accepted_range", "relationships")
OF_COLUMNS = "unique_combination_of_columns"
PROJECT_FILE = Path(__file__).resolve().parents[2] / "dbt_project.yml"
STAGING_DIR = PROJECT_FILE.parent / "dbt_project" / "models" / "staging"


@dataclass(frozen=True)
class RowTest:
    """A test of the sources YAML, as far as a single row can break it.

    Attributes:
        kind: ``not_null``, ``unique``, ``accepted_range`` or ``relationships``.
        columns: the columns that it looks at; several for ``unique`` only.
        min_value: no number may be below, with ``accepted_range``.
        max_value: no number may be above, with ``accepted_range``.
        is_inclusive: whether a number may be equal to these two.
        parent: table and column that must have each value, with ``relationships``.
        is_warning: what breaks it is said, but stays.
    """

    kind: str
    columns: tuple[str, ...]
    min_value: float | None = None
    max_value: float | None = None
    is_inclusive: bool = True
    parent: tuple[str, str] | None = None
    is_warning: bool = False


@dataclass(frozen=True)
class RawTable:
    """One raw file and the table it becomes.

    Attributes:
        name: table in schema ``raw``.
        file_stem: file name without its suffix; the table's name where a mapping says which files.
        columns: column name to SQL type, in the order of the published files.
        roles: what a column is to the loader (``person_key``, ``order_key``, ...), to its name.
        is_optional: whether a shop may do without: its file may be missing or have no rows, and the
            table is empty then.
        references: roles of which this table has every value that counts, such as postal codes
            with their places.
        row_tests: what the sources YAML tests of its rows; the load holds them to it.
    """

    name: str
    file_stem: str
    columns: dict[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False
    references: frozenset[str] = frozenset()
    row_tests: tuple[RowTest, ...] = ()

    def column_of(self, role: str) -> str | None:
        """The column that plays a role, or none.

        Args:
            role: as the sources YAML has it in a column's ``config.meta.role``.

        Example:
            >>> RawTable("orders", "orders", {"id": "VARCHAR"}, {"order_key": "id"}).column_of(
            ...     "order_key")
            'id'
        """
        return self.roles.get(role)


def source_names() -> list[str]:
    """The sources that have a folder of staging models, by name."""
    return sorted(path.parent.name for path in STAGING_DIR.glob("*/_*__sources.yml"))


@cache
def default_source() -> str:
    """The source where nothing else says which: the variable ``source`` of ``dbt_project.yml``.

    Example:
        >>> default_source() in source_names()
        True
    """
    described = yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))
    return str(described["vars"]["source"])


@cache
def source_tables(source: str | None = None) -> tuple[RawTable, ...]:
    """The raw tables of a source, in the order of its sources YAML.

    A table's file is its ``config.meta.file``, ``config.meta.is_optional`` says whether a shop may
    do without it, a column's type is its ``data_type`` and its role its ``config.meta.role``.

    Args:
        source: a folder of ``models/staging``; none for the default.

    Returns:
        One ``RawTable`` per file.

    Example:
        >>> {"orders", "customers"} <= {table.name for table in source_tables()}
        True
    """
    return tuple(_table(table) for table in _described(source or default_source())["tables"])


@cache
def reads_mapping(source: str) -> bool:
    """Whether a source's tables are made of a shop's own files by its mapping.

    Args:
        source: a folder of ``models/staging``.

    Example:
        >>> reads_mapping(default_source())
        False
    """
    described = _described(source)
    return bool(described.get("config", {}).get("meta", {}).get("loader") == "mapping")


def mapped_source() -> str | None:
    """The source whose tables are made of a shop's own files; none where there is no such source.

    Example:
        >>> reads_mapping(mapped_source())
        True
    """
    return next((name for name in source_names() if reads_mapping(name)), None)


@cache
def _described(source: str) -> dict[str, Any]:
    """The source as its sources YAML has it."""
    text = (STAGING_DIR / source / f"_{source}__sources.yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    (described,) = yaml.load(text, loader)["sources"]  # a safe loader
    assert isinstance(described, dict)
    return described


def _table(described: Mapping[str, Any]) -> RawTable:
    columns = described["columns"]
    metas = {column["name"]: column.get("config", {}).get("meta", {}) for column in columns}
    return RawTable(
        name=described["name"],
        file_stem=described["config"]["meta"].get("file", described["name"]),
        columns={column["name"]: column["data_type"].upper() for column in columns},
        roles={meta["role"]: name for name, meta in metas.items() if "role" in meta},
        is_optional=described["config"]["meta"].get("is_optional", False),
        references=frozenset(meta["role"] for meta in metas.values() if meta.get("is_reference")),
        row_tests=tuple(_row_tests(described)),
    )


def _row_tests(described: Mapping[str, Any]) -> Iterator[RowTest]:
    for test in described.get("data_tests", ()):
        if isinstance(test, dict) and OF_COLUMNS in test:
            columns = test[OF_COLUMNS]["arguments"]["combination_of_columns"]
            yield RowTest("unique", tuple(columns))
    for column in described["columns"]:
        for test in column.get("data_tests", ()):
            (kind, body) = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            if kind not in ROW_TESTS:
                continue
            arguments = body.get("arguments", {})
            parent = re.search(r"source\('\w+', '(\w+)'\)", arguments.get("to", ""))
            yield RowTest(
                kind,
                (column["name"],),
                min_value=arguments.get("min_value"),
                max_value=arguments.get("max_value"),
                is_inclusive=arguments.get("inclusive", True),
                parent=(parent[1], arguments["field"]) if parent else None,
                is_warning=body.get("config", {}).get("severity") == "warn",
            )
