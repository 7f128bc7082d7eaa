"""The presets: whole mappings of systems that many shops use, as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from orchestration.errors import InputError
from orchestration.loading.mapping.fields import FIELDS, TableName
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.read import parse_mapping
from orchestration.loading.mapping.yaml_text import parse_yaml

# The most particular columns first: where two presets fit, the first one is taken.
PRESET_NAMES = (
    "shopify", "woocommerce", "stripe", "online_retail", "flat_lines", "orders_and_lines",
)  # fmt: skip
# A preset begins with this key, which no shop's mapping has.
RECOGNISED_BY = "recognised_by"


@dataclass(frozen=True)
class Preset:
    """A mapping that comes with Regulars.

    Attributes:
        name: such as ``shopify``.
        text: the YAML with its comments.
        mapping: what it says.
        signs: table to the columns by which its file is known; of each tuple one must be there.
    """

    name: str
    text: str
    mapping: ShopMapping
    signs: dict[TableName, tuple[tuple[str, ...], ...]]


@cache
def find_preset(name: str) -> Preset:
    """A preset by its name.

    Args:
        name: one of ``PRESET_NAMES``.

    Example:
        >>> find_preset("online_retail").mapping.currency
        'GBP'
    """
    source = files("orchestration.loading.mapping").joinpath("presets", f"{name}.yml")
    text = source.read_text(encoding="utf-8")
    value = parse_yaml(text, source.name).value
    signs: dict[TableName, tuple[tuple[str, ...], ...]] = {}
    for table, columns in value[RECOGNISED_BY].items():
        if table not in FIELDS:
            raise InputError(f"{source.name}: {RECOGNISED_BY} names {table}, which is no table")
        signs[cast(TableName, table)] = tuple(
            (column,) if isinstance(column, str) else tuple(column) for column in columns
        )
    return Preset(name, text, parse_mapping(_without_signs(text), source.name), signs)


def _without_signs(text: str) -> str:
    """The mapping alone, its lines where they were."""
    lines, is_sign = [], False
    for line in text.splitlines():
        is_sign = line.startswith(f"{RECOGNISED_BY}:") or (is_sign and line.startswith(" "))
        lines.append("" if is_sign else line)
    return "\n".join(lines) + "\n"


def all_presets() -> list[Preset]:
    """All presets, those with the most particular columns first."""
    return [find_preset(name) for name in PRESET_NAMES]
