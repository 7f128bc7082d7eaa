"""Which files a source has, and what each must hold: read from the source's sources YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

STAGING_DIR = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "staging"


@dataclass(frozen=True)
class RawTable:
    """One raw file and the table it becomes.

    Attributes:
        name: table in schema ``raw``.
        file_stem: file name without its suffix.
        columns: column name to SQL type, in the order of the published files.
        roles: what a column is to the loader (``person_key``, ``order_key``, ...), to its name.
        is_optional: whether a shop may do without: its file may be missing or have no rows, and the
            table is empty then.
    """

    name: str
    file_stem: str
    columns: dict[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False

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
def source_tables(source: str | None = None) -> tuple[RawTable, ...]:
    """The raw tables of a source, in the order of its sources YAML.

    A table's file is its ``config.meta.file``, ``config.meta.is_optional`` says whether a shop may
    do without it, a column's type is its ``data_type`` and its role its ``config.meta.role``.

    Args:
        source: a folder of ``models/staging``; none for the first one there.

    Returns:
        One ``RawTable`` per file.

    Example:
        >>> {"orders", "customers"} <= {table.name for table in source_tables()}
        True
    """
    name = source_names()[0] if source is None else source
    text = (STAGING_DIR / name / f"_{name}__sources.yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    (described,) = yaml.load(text, loader)["sources"]  # a safe loader
    return tuple(_table(table) for table in described["tables"])


def _table(described: Mapping[str, Any]) -> RawTable:
    columns = described["columns"]
    metas = {column["name"]: column.get("config", {}).get("meta", {}) for column in columns}
    return RawTable(
        name=described["name"],
        file_stem=described["config"]["meta"]["file"],
        columns={column["name"]: column["data_type"].upper() for column in columns},
        roles={meta["role"]: name for name, meta in metas.items() if "role" in meta},
        is_optional=described["config"]["meta"].get("is_optional", False),
    )
