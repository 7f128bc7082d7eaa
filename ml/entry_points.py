"""Families and purposes that other installed packages bring, by Python's entry points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

Entry = TypeVar("Entry")


class ExtensionError(RuntimeError):
    """Another package names a family or a purpose that cannot be one."""


def add_entries(own: Sequence[Entry], kind: type[Entry], group: str) -> Mapping[str, Entry]:
    """Entries by name: our own, then those of other packages, in the order of their names.

    Args:
        own: of this package.
        kind: class of an entry, which has a ``name``.
        group: of the entry points, such as ``regulars.families``.

    Raises:
        ExtensionError: an entry point cannot be imported, is of another class, or has the name of
            an entry that is there.

    Example:
        >>> from ml.purpose import Purpose
        >>> dict(add_entries([], Purpose, "regulars.nothing"))
        {}
    """
    entries: dict[str, Entry] = {_name(entry): entry for entry in own}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        entry = _load(point, kind)
        name = _name(entry)
        if name in entries:
            raise ExtensionError(
                f"{_where(point)} brings a {kind.__name__.lower()} {name!r}, of which there is one "
                "already; give it another name"
            )
        entries[name] = entry
    return entries


def _load(point: EntryPoint, kind: type[Entry]) -> Entry:
    try:
        entry = point.load()
    except (ImportError, AttributeError) as error:
        raise ExtensionError(
            f"{_where(point)} cannot be loaded: {error}; mend or uninstall it"
        ) from error
    if not isinstance(entry, kind):
        raise ExtensionError(
            f"{_where(point)} is a {type(entry).__name__}, expected a {kind.__name__} of "
            f"{kind.__module__}; let the entry point name one"
        )
    return entry


def _name(entry: object) -> str:
    return str(vars(entry)["name"])


def _where(point: EntryPoint) -> str:
    package = f" of the package {point.dist.name}" if point.dist else ""
    return f"the entry point {point.name} = {point.value} in {point.group}{package}"
