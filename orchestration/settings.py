"""What the environment says of a build: where files are, sizes and switches."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestration.errors import RegularsError
from orchestration.paths import check_database_path, more_models

PROJECT_DIR = Path(__file__).resolve().parent.parent
DEFAULT_DEMO_ORDERS = 20_000

# With fewer orders the generated shop lacks a kind of customer.
MIN_DEMO_ORDERS = 100
DEFAULT_DEMO_SEED = 20_180_830


@dataclass(frozen=True)
class Settings:
    """What the environment says of this build.

    Attributes:
        warehouse_path: the DuckDB file (``REGULARS_WAREHOUSE``).
        data_dir: folder of the raw files, none for the demo shop (``REGULARS_DATA_DIR``).
        max_rejected_rows: unreadable rows to set aside (``REGULARS_MAX_REJECTED_ROWS``).
        demo_orders: size of the demo shop (``REGULARS_DEMO_ORDERS``).
        demo_seed: its seed (``REGULARS_DEMO_SEED``).
        is_quick_study: a small study of segmentations, for trying out (``REGULARS_QUICK_STUDY``).
        is_tracked: fits are MLflow runs, too, where it is installed (``REGULARS_TRACKING``).
    """

    warehouse_path: Path
    data_dir: Path | None
    max_rejected_rows: int
    demo_orders: int
    demo_seed: int
    is_quick_study: bool = False
    is_tracked: bool = True

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings; unset ones have the defaults that the README lists.

        Raises:
            RegularsError: a number is not a number or too small, a path is empty, or no DuckDB file
                can be at that path.
        """
        default = PROJECT_DIR / "warehouse" / "regulars.duckdb"
        return cls(
            warehouse_path=check_database_path(_path("REGULARS_WAREHOUSE") or default.resolve()),
            data_dir=_path("REGULARS_DATA_DIR"),
            max_rejected_rows=_whole_number("REGULARS_MAX_REJECTED_ROWS", 0),
            demo_orders=_whole_number(
                "REGULARS_DEMO_ORDERS", DEFAULT_DEMO_ORDERS, at_least=MIN_DEMO_ORDERS
            ),
            demo_seed=_whole_number("REGULARS_DEMO_SEED", DEFAULT_DEMO_SEED),
            is_quick_study=_whole_number("REGULARS_QUICK_STUDY", 0) > 0,
            is_tracked=_whole_number("REGULARS_TRACKING", 1) > 0,
        )

    @cached_property
    def source(self) -> str:
        """The source whose files these are.

        It is what ``REGULARS_SOURCE`` says, or what the data folder holds; without a folder, what
        the warehouse was loaded from.
        """
        from orchestration.source import read_source_name
        from orchestration.sources import SOURCE_VARIABLE, find_source

        if self.data_dir is None and not os.environ.get(SOURCE_VARIABLE):
            loaded = read_source_name(self.warehouse_path)
            if loaded is not None:
                return loaded
        return find_source(self.data_dir)

    @property
    def folder(self) -> Path:
        """Everything that the program makes stands here, beside the warehouse file."""
        return self.warehouse_path.parent

    @property
    def demo_dir(self) -> Path:
        """The generated shop."""
        return self.folder / "demo"

    @property
    def published_dir(self) -> Path:
        """The copy for BI tools."""
        return self.folder / "published"

    @property
    def site_dir(self) -> Path:
        """The report."""
        return self.folder / "site"


def _whole_number(name: str, default: int, *, at_least: int = 0) -> int:
    text = os.environ.get(name)
    if not text:
        return default
    # Other signs are decimal digits, too, and superscripts are digits.
    if not (text.isascii() and text.isdecimal()) or int(text) < at_least:
        raise RegularsError(
            f"{name} must be a whole number from {at_least}, got {text!r}; mend or unset it"
        )
    return int(text)


def _path(name: str) -> Path | None:
    text = os.environ.get(name)
    return None if text is None else given_path(text, name).resolve()


def given_path(text: str, name: str) -> Path:
    """A path that a person gave.

    Args:
        text: as it was given.
        name: the option or variable that it was given by.

    Raises:
        RegularsError: it is empty, which Python would take for the current folder.

    Example:
        >>> given_path("shops/mine", "--data-dir").name
        'mine'
    """
    if not text.strip():
        raise RegularsError(f"{name} is empty, expected a path; give it one or leave it out")
    return Path(text)


def parsed_dir(source: str) -> Path:
    """Where dbt's manifest of a source is kept, with the models of another package apart."""
    more = more_models()
    name = f"{source}-{hashlib.sha256(more.encode()).hexdigest()[:8]}" if more else source
    return PROJECT_DIR / "target" / "dagster" / name
