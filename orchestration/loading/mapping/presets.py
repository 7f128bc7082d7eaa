"""The presets: whole mappings of systems that many shops use, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

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


def fit_preset(
    preset: Preset, headers: Mapping[TableName, Sequence[Sequence[str]]], changes: Mapping[str, Any]
) -> ShopMapping:
    """A preset without the columns that the files lack.

    Args:
        preset: which.
        headers: of the files of each table.
        changes: keys of the mapping that are to be others.
    """
    value = preset.mapping.model_dump(mode="json", exclude_defaults=True)
    main = preset.mapping.main_table
    dropped = set()
    for table in ("orders", "lines", "payments"):
        owner = main if table == "orders" or table not in headers else table
        header = {name for names in headers[owner] for name in names}
        columns = value.get(table, {}).get("columns", {})
        for name, candidates in list(columns.items()):
            present = [column for column in candidates if column in header]
            if present:
                columns[name] = present
            else:
                dropped.add(name)
                del columns[name]
    if "status" in dropped:
        value["orders"].pop("statuses", None)
    present_columns = {name for files in headers.values() for names in files for name in names}
    value["rules"] = [
        rule
        for rule in value.get("rules", [])
        if not any(
            condition.get("field") in dropped
            or ("column" in condition and condition["column"] not in present_columns)
            for condition in rule["when"]
        )
    ]
    return ShopMapping.model_validate({**value, "version": 1, **changes})
