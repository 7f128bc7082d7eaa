"""Settings of money that no file states, told from whether the orders' totals add up with them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.errors import InputError
from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.totals import WORTH_NAMING, Totals, compare_totals


def settle_money(
    folder: Path, mapping: ShopMapping, *, is_preset: bool
) -> tuple[ShopMapping, list[str]]:
    """Choose the settings of money under which most totals equal their parts.

    Args:
        folder: of the files.
        mapping: guessed; files that it cannot read settle nothing.
        is_preset: whether it is a preset's, of which only the tax is open.

    Returns:
        The mapping, changed where the totals speak for it, and what is to be said of it.
    """
    if mapping.layout == "payments_only":
        return mapping, []
    untold = (
        "money.prices_include_tax: no file states it; "
        f"{str(mapping.money.prices_include_tax).lower()} is taken."
    )
    columns = mapping.columns_of("orders")
    if "total_amount" not in columns:
        return mapping, [untold]
    with duckdb.connect() as connection:
        try:
            apply_mapping(connection, folder, mapping, max_rejected_rows=2**62)
        except InputError:  # `regulars check` and the load say what is wrong
            return mapping, [untold]
        if not is_preset:
            better = compare_totals(connection, mapping, "raw")
            if better.better and better.better_count > better.order_count / 2:
                mapping = _with_money(mapping, better.better)
        with_tax, without = (
            compare_totals(
                connection, _with_money(mapping, {"prices_include_tax": is_included}), "raw"
            )
            for is_included in ("true", "false")
        )
    if abs(with_tax.share - without.share) < WORTH_NAMING:
        return mapping, [untold]
    includes = with_tax.share > without.share
    mapping = _with_money(mapping, {"prices_include_tax": str(includes).lower()})
    return mapping, [_say(with_tax if includes else without, includes=includes)]


def _with_money(mapping: ShopMapping, changes: dict[str, str]) -> ShopMapping:
    """The mapping with other settings of money; a price that is the line's fills that field."""
    value = mapping.model_dump(mode="json", exclude_defaults=True)
    value["version"] = mapping.version
    value["money"] = {
        **value.get("money", {}),
        **{name: setting == "true" if setting in ("true", "false") else setting
           for name, setting in changes.items()},
    }  # fmt: skip
    if "line_price" in changes:
        former, price = mapping.money.line_price, changes["line_price"]
        columns = value["lines"]["columns"]
        columns.setdefault(price, columns.pop(former))
        for rule in value.get("rules", []):
            for condition in rule["when"]:
                if condition.get("field") == former:
                    condition["field"] = price
    return ShopMapping.model_validate(value)


def _say(totals: Totals, *, includes: bool) -> str:
    share = f"{int(1_000 * totals.share) / 10:g} %"
    return (
        f"money.prices_include_tax: {str(includes).lower()} is taken, since so the totals of "
        f"{share} of {totals.order_count:,} orders equal their parts."
    )
