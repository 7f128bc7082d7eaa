"""Writes a mapping as commented YAML, which is read back as the same mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.yaml_text import EMPTY, Path

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.()/ +-]*")
INLINE_WIDTH = 96
# Said above a key, whoever wrote the mapping.
COMMENTS: dict[Path, str] = {
    ("time_zone",): "The shop's own time zone: days begin at its midnight.",
    ("decimal_mark",): "How numbers and dates are written in text files.",
    ("layout",): "flat_lines: one file of lines; orders_and_lines: two files; payments_only.",
    ("files",): "Names, or patterns such as orders-2025-*.csv, within the data folder.",
    ("orders",): "Field: column, or [columns], of which the first that holds something counts.",
    ("orders", "stand_on"): "first_line: the order's columns stand on its first line only.",
    ("orders", "ids"): "No file names orders: what one customer bought at one moment is one.",
    ("lines", "quantities"): "No column has a quantity: each line is one piece.",
    ("orders", "statuses"): "A status that stands in neither list is not valid, and is said.",
    ("lines", "duplicates"): "Lines of one order and product: summed, kept, or dropped if alike.",
    ("money",): "How the amounts hang together; `regulars check` prints the difference.",
    ("customers",): "Who a person is: the best key first. Guests have none.",
    ("products",): "How products are told apart, and which are no merchandise.",
    ("rules",): "What is no sale; the first rule that holds decides.",
    ("protocol",): "Overrides of what the models are trained and judged on.",
}


def write_mapping(
    mapping: ShopMapping, *, head: Sequence[str] = (), notes: Mapping[Path, str] | None = None
) -> str:
    """A mapping as YAML, without what is as it is by default.

    Args:
        mapping: to write.
        head: comment lines at the beginning.
        notes: path of keys to what is said behind it.

    Example:
        >>> from orchestration.loading.mapping.presets import find_preset
        >>> print(write_mapping(find_preset("stripe").mapping).splitlines()[0])
        version: 1
    """
    lines = [f"# {line}".rstrip() for line in head]
    if lines:
        lines.append("")
    value = mapping.model_dump(mode="json", exclude_defaults=True)
    value = {"version": 1, **{key: part for key, part in value.items() if key != "version"}}
    order = [name for name in type(mapping).model_fields if name in value]
    for key in order:
        lines += _entry(key, value[key], (key,), notes or {}, 0)
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, path: Path, notes: Mapping[Path, str], depth: int) -> list[str]:
    indent = "  " * depth
    lines = []
    if path in COMMENTS:
        lines += ([""] if depth == 0 else []) + [f"{indent}# {COMMENTS[path]}"]
    note = f" # {notes[path]}" if path in notes else ""
    if isinstance(value, dict):
        lines.append(f"{indent}{key}:{note}")
        for name, part in value.items():
            lines += _entry(name, part, (*path, name), notes, depth + 1)
        return lines
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        lines.append(f"{indent}{key}:{note}")
        return [*lines, *(f"{indent}  - {_inline(item)}" for item in value)]
    text = f"{indent}{key}: {_inline(value)}"
    if isinstance(value, list) and len(text) > INLINE_WIDTH:
        lines.append(f"{indent}{key}:{note}")
        return [*lines, *(f"{indent}  - {_inline(item)}" for item in value)]
    lines.append(text + note)
    return lines


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        given = {key: item for key, item in value.items() if item not in (None, [])}
        return "{" + ", ".join(f"{key}: {_inline(item)}" for key, item in given.items()) + "}"
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], str):
            return _inline(value[0])
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _text(value: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    if PLAIN.fullmatch(value) and value.strip() == value and value not in EMPTY:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
