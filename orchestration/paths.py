"""Paths as a person or DuckDB has to read them: shown without odd bytes, refused if not exact."""

from __future__ import annotations

import os
import re
from pathlib import Path

from orchestration.errors import WarehouseError

# A folder of dbt models of another package, laid out like dbt_project/models. Below the project's
# folder, or linked there: dbt writes what it compiles to the same path below target/.
MODELS_VARIABLE = "REGULARS_MODELS_DIR"
# Where the warehouse is that REGULARS_WAREHOUSE names, for a dbt that a step of ours starts.
FOLDER_VARIABLE = "REGULARS_WAREHOUSE_FOLDER"
# DuckDB 2.0 cuts a database's path at '?' and takes '\\' for '/'; dbt-duckdb cuts it at '#'.
MISREAD_IN_DATABASE_PATHS = "?#\\"
# What names a service and no file: md:shop, motherduck:shop, s3://bucket.
SERVICE = re.compile(r"[A-Za-z][A-Za-z0-9+]+:([^.]*)")
# DuckDB names a catalog after its file. These names it has already, or a schema of ours has them,
# and then `raw.orders` may be either.
TAKEN_CATALOG_NAMES = frozenset(
    {"canonical", "conformed", "features", "information_schema", "main", "marts", "marts_ml",
     "memory", "ml", "pg_catalog", "raw", "scoring", "staging", "system", "temp"}
)  # fmt: skip


def shown_path(path: Path | str) -> str:
    r"""A path in one line that every terminal can print.

    Args:
        path: it may hold bytes that are not UTF-8, and line breaks.

    Example:
        >>> shown_path("shops/a\nb")
        'shops/a\\nb'
    """
    return shown_text(os.fsencode(path).decode("utf-8", errors="backslashreplace"))


def shown_text(text: str, limit: int = 4_000) -> str:
    r"""A text in one line that every terminal can print, cut off if it is very long.

    Args:
        text: any.
        limit: how many of its signs are shown at most.

    Example:
        >>> shown_text("a\nb")
        'a\\nb'
        >>> shown_text("abcdef", limit=3)
        'abc...'
    """
    signs = [
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode()
        for sign in text[:limit]
    ]
    return "".join(signs) + ("..." if len(text) > limit else "")


def quoted(value: str | None, limit: int = 100) -> str:
    """A value in quotes, cut off if it is very long.

    Args:
        value: any text.
        limit: how many of its signs are shown at most.

    Example:
        >>> quoted("x" * 200, limit=3)
        "'xxx'..."
    """
    return repr(value) if value is None or len(value) <= limit else f"{value[:limit]!r}..."


def check_database_path(path: Path) -> Path:
    """See that DuckDB and dbt open exactly this path, and no other that resembles it.

    Args:
        path: where a DuckDB file is or will be.

    Returns:
        The path.

    Raises:
        WarehouseError: a sign in the path, or the file's name, is read as something else.

    Example:
        >>> check_database_path(Path("/shops/shop [2]/regulars.duckdb")).name
        'regulars.duckdb'
    """
    shown = shown_path(path)
    how = "set REGULARS_WAREHOUSE to another path"
    text = str(path)
    if path.name.startswith(":") or any(
        SERVICE.fullmatch(part) for part in (path.name, *path.parts[:1])
    ):
        raise WarehouseError(
            f"the warehouse cannot be at {shown}: it must be a file, not a database in memory "
            f"or on a server; {how}, such as warehouse/regulars.duckdb."
        )
    for sign in MISREAD_IN_DATABASE_PATHS:
        if sign in text:
            raise WarehouseError(
                f"the warehouse cannot be at {shown}: DuckDB or dbt would take the {sign!r} in it "
                f"for something else and open another file; {how}, without {sign!r}."
            )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WarehouseError(
            f"the warehouse cannot be at {shown}: the path is not UTF-8, and DuckDB opens no "
            f"others; {how}, or rename the folder."
        ) from None
    catalog = path.name.lstrip(".").split(".")[0]
    if not catalog or catalog.lower() in TAKEN_CATALOG_NAMES:
        raise WarehouseError(
            f"the warehouse cannot be at {shown}: DuckDB names its catalog after the file, and "
            f"{catalog!r} is taken; {how}, such as {shown_path(path.with_name('regulars.duckdb'))}."
        )
    return path


def more_models() -> str:
    """The folder of dbt models of another package, relative to the project; empty if there is none.

    Raises:
        WarehouseError: it is not below the project, so dbt would write over its files.
    """
    folder = os.environ.get(MODELS_VARIABLE, "")
    if Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise WarehouseError(
            f"{MODELS_VARIABLE} is {shown_path(folder)}, expected a path below the project, "
            "where dbt can compile it; link the folder there and name the link"
        )
    return folder
