"""Which source a shop's files are of, and what a source has in Python, beside its SQL."""

from __future__ import annotations

import os
import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from orchestration.errors import RegularsError
from orchestration.loading.formats import FORMAT_OF_SUFFIX
from orchestration.loading.mapping.place import mapping_place
from orchestration.loading.tables import (
    default_source,
    mapped_source,
    reads_mapping,
    source_names,
    source_tables,
)

SOURCE_VARIABLE = "REGULARS_SOURCE"


def find_source(data_dir: Path | None) -> str:
    """The source of a shop: what `REGULARS_SOURCE` says, else what its folder makes plain.

    A folder with a mapping (or for which `REGULARS_SHOP` names one) is a shop of its own files; one
    with all files of another source is of that source.

    Args:
        data_dir: the folder of the raw files; none for the demo shop.

    Returns:
        A name of ``source_names()``; the default where no source has all its files there.

    Raises:
        RegularsError: `REGULARS_SOURCE` names no source.
    """
    names = source_names()
    requested = os.environ.get(SOURCE_VARIABLE)
    if requested:
        if requested not in names:
            raise RegularsError(
                f"{SOURCE_VARIABLE} must be one of {', '.join(names)}, got {requested!r}; mend or "
                "unset it"
            )
        return requested
    mapped = mapped_source()
    if data_dir is not None and mapped is not None and mapping_place(data_dir).is_file():
        return mapped
    complete = [name for name in names if data_dir is not None and _has_files(data_dir, name)]
    return complete[0] if len(complete) == 1 else default_source()


def _has_files(folder: Path, source: str) -> bool:
    """Whether each table of a source that a shop must have has a file there."""
    return not reads_mapping(source) and all(
        any((folder / f"{table.file_stem}{suffix}").exists() for suffix in FORMAT_OF_SUFFIX)
        for table in source_tables(source)
        if not table.is_optional
    )


@cache
def demo_sources() -> tuple[str, ...]:
    """The sources that have a module that generates demo files, by name."""
    packages = (package.name for package in pkgutil.iter_modules(__path__) if package.ispkg)
    return tuple(sorted(name for name in packages if find_spec(f"{__name__}.{name}.demo")))


def demo_of(source: str) -> ModuleType:
    """The module that generates demo files of a source.

    Returns:
        A module with ``generate_demo_shop``, ``find_scenario``, ``DEFAULT_SCENARIO``, ``SCENARIOS``
        and ``LAYOUT``.

    Raises:
        RegularsError: the source has no demo.

    Example:
        >>> demo_of(default_source()).DEFAULT_SCENARIO
        'one_time_buyers'
    """
    if source not in demo_sources():
        raise RegularsError(
            f"the source {source} has no demo shop; give the folder of your files with "
            "REGULARS_DATA_DIR"
        )
    return import_module(f"{__name__}.{source}.demo")


def demo_layouts() -> dict[str, str]:
    """How the files of a demo shop may lie, to the source whose generator writes them so.

    Example:
        >>> sorted(demo_layouts())
        ['flat_lines', 'marketplace_tables']
    """
    return {demo_of(source).LAYOUT: source for source in demo_sources()}
