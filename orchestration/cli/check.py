"""`regulars check`: what a mapping makes of a shop's files, in one screen; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.cli.options import Rejects
from orchestration.cli.summary import Line, print_lines
from orchestration.errors import InputError, RegularsError
from orchestration.loading.mapping.place import mapping_place
from orchestration.paths import shown_path, shown_text

if TYPE_CHECKING:
    from orchestration.loading.mapping.apply import Applied
    from orchestration.loading.mapping.model import ShopMapping
    from orchestration.loading.mapping.understanding import Example, Understanding

# So many reasons, findings and the like are shown.
MAX_SHOWN = 5
# Widths of the columns of examples, which fill a line of 100 signs.
WIDTHS = (13, 9, 16, 10, 14, 11, 9, 10)


def check(
    data_folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of the shop's files; REGULARS_DATA_DIR if not given."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="The mapping; REGULARS_SHOP, or shop.yml in the data folder."),
    ] = None,
    max_rejected_rows: Rejects = None,
) -> None:
    """Read a shop's files by shop.yml, and print what was understood; nothing is written."""
    import duckdb

    from orchestration.loading.mapping.apply import apply_mapping
    from orchestration.loading.mapping.read import read_mapping
    from orchestration.loading.mapping.understanding import understand
    from orchestration.settings import Settings

    settings = Settings.from_environment()
    folder = data_folder or settings.data_dir
    if folder is None:
        raise RegularsError(
            "expected the folder of the shop's files; name it, as in `regulars check FOLDER`, or "
            "set REGULARS_DATA_DIR."
        )
    if not folder.is_dir():
        raise InputError(
            f"expected a folder of files, but {shown_path(folder)} is none; name another one."
        )
    place = mapping_place(folder, mapping)
    shop = read_mapping(place)
    with duckdb.connect() as connection:
        # Every row that cannot be used is set aside and told of, however many there are.
        applied = apply_mapping(connection, folder, shop, max_rejected_rows=2**62)
        understood = understand(connection, shop)
    lines = describe_check(place, shop, applied, understood)
    print_lines(Console(highlight=False, markup=False, emoji=False), lines)
    allowed = settings.max_rejected_rows if max_rejected_rows is None else max_rejected_rows
    _require_few_faults(understood, allowed)


def _require_few_faults(understood: Understanding, allowed: int) -> None:
    faults = [reason for reason in understood.set_aside if reason.is_fault]
    count = sum(reason.row_count for reason in faults)
    if count > allowed:
        raise InputError(
            f"{count:,} row{'s' if count != 1 else ''} cannot be used, {allowed:,} allowed: "
            f"{faults[0].example}. Mend the files or the mapping, or set such rows aside with "
            f"--max-rejected-rows {count}."
        )


def describe_check(
    place: Path, mapping: ShopMapping, applied: Applied, understood: Understanding
) -> list[Line]:
    """The lines of `regulars check`.

    Args:
        place: of the mapping.
        mapping: that was applied.
        applied: the files that were read.
        understood: what came of them.
    """
    preset = f", preset {mapping.preset}" if mapping.preset else ""
    head = f"{shown_path(place.name)}: {mapping.layout}{preset}, {mapping.time_zone}, "
    return [
        ("", head + mapping.currency),
        *_files(applied),
        ("", ""),
        *_orders(understood),
        ("", ""),
        *_amounts(mapping, understood),
        *_totals(understood),
        ("", ""),
        *_capabilities(understood),
        *_labelled("To look at", [shown_text(finding, 260) for finding in understood.findings]),
        ("", ""),
        *_examples(understood.examples),
    ]


def _labelled(label: str, texts: list[str]) -> list[Line]:
    shown = texts[:MAX_SHOWN]
    if len(texts) > MAX_SHOWN:
        shown.append(f"and {len(texts) - MAX_SHOWN} more")
    return [(label if number == 0 else " ", text) for number, text in enumerate(shown)]


def _counted(pairs: list[tuple[str, int]]) -> str:
    shown = [f"{name} {count:,}" for name, count in pairs[:MAX_SHOWN]]
    rest = sum(count for _, count in pairs[MAX_SHOWN:])
    return ", ".join([*shown, *([f"others {rest:,}"] if rest else [])])


def _files(applied: Applied) -> list[Line]:
    texts = []
    for table, names in applied.files.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        texts.append(f"{table}: {', '.join(names[:3])}{more}")
    return [("Files" if number == 0 else " ", text) for number, text in enumerate(texts)]


def _orders(understood: Understanding) -> list[Line]:
    span = f"{understood.first_ordered_at:%Y-%m-%d} to {understood.last_ordered_at:%Y-%m-%d}"
    guests = f"{understood.guest_order_count:,} orders of guests"
    lines: list[Line] = [
        (
            "Orders",
            f"{understood.order_count:,}, of which {understood.valid_count:,} valid; {span}",
        ),
        ("Customers", f"{understood.customer_count:,}; {guests}"),
    ]
    if understood.invalid_reasons:
        lines.append(("Not valid", _counted(understood.invalid_reasons)))
    if understood.line_kinds:
        lines.append(("Lines", _counted(understood.line_kinds)))
    repeated = [f"{count:,} {description}" for description, count in understood.repetitions.items()]
    lines.append(("Duplicates", "; ".join(repeated) or "none"))
    aside = [f"{reason.reason_code} {reason.row_count:,}: {shown_text(reason.example, 170)}"
             for reason in understood.set_aside]  # fmt: skip
    lines += _labelled("Set aside", aside or ["no row"])
    return lines


def _amounts(mapping: ShopMapping, understood: Understanding) -> list[Line]:
    lines: list[Line] = [(mapping.currency, f"{'all orders':>18}{'valid orders':>18}")]
    for name, sums in understood.amounts.items():
        if any(amount is not None for amount in sums):
            figures = "".join("" if amount is None else f" {amount:>17,.2f}" for amount in sums)
            lines.append((name.capitalize(), figures))
    return lines


def _totals(understood: Understanding) -> list[Line]:
    totals = understood.totals
    if not totals.order_count:
        return [("Totals", "no order has both lines and a total to compare")]
    sentence = (
        f"{_share(totals.agreeing_count, totals.order_count)} of {totals.order_count:,} orders: "
        "lines + shipping + fees + tax - discounts = total"
    )
    differing_count = totals.order_count - totals.agreeing_count
    if differing_count:
        sentence += (
            f"; the other {differing_count:,} differ by {totals.difference_amount:,.2f} in sum"
        )
    if totals.better:
        keys = ", ".join(f"money.{key}: {value}" for key, value in totals.better.items())
        share = _share(totals.better_count, totals.order_count)
        if "line_price" in totals.better:
            keys += f" (and its column as lines.columns.{totals.better['line_price']})"
        sentence += f"; with {keys} it would be {share}, so see which is right"
    return [("Totals", f"{sentence}.")]


def _share(count: int, of: int) -> str:
    """A percentage; 100 % only where it is all."""
    return "100 %" if count == of else f"{min(count / of, 0.999):.1%}".replace("%", " %")


def _capabilities(understood: Understanding) -> list[Line]:
    from orchestration.loading.mapping.capabilities import CAPABILITIES

    has = [name for name, has_it in understood.capabilities.items() if has_it]
    lines: list[Line] = [("Has", ", ".join(has))]
    lacking = [
        f"{capability.name}: without {capability.cost} (add {capability.remedy})"
        if not capability.remedy.startswith("no key")
        else f"{capability.name}: without {capability.cost} ({capability.remedy})"
        for capability in CAPABILITIES
        if capability.cost and not understood.capabilities[capability.name]
    ]
    return [*lines, *(("Lacks" if n == 0 else " ", text) for n, text in enumerate(lacking))]


def _examples(examples: list[Example]) -> list[Line]:
    names = ("order", "customer", "ordered at", "status", "valid", "merchandise", "other", "amount")
    rows = [_row(*names)]
    for order in examples:
        amounts = (order.item_amount, order.other_amount, order.order_amount)
        rows.append(
            _row(
                order.order_id, order.customer_id or "guest", f"{order.ordered_at:%Y-%m-%d %H:%M}",
                order.order_status or "", order.invalid_reason or "yes",
                *("" if amount is None else f"{amount:,.2f}" for amount in amounts),
            )
        )  # fmt: skip
    return [("", row) for row in rows]


def _row(*cells: str) -> str:
    """Texts to the left and cut to their width, amounts to the right and whole."""
    texts = zip(cells[:5], WIDTHS[:5], strict=True)
    amounts = zip(cells[5:], WIDTHS[5:], strict=True)
    return " ".join(
        [
            *(f"{_cut(cell, width):<{width}}" for cell, width in texts),
            *(f"{cell:>{width}}" for cell, width in amounts),
        ]
    )


def _cut(text: str, width: int) -> str:
    shown = shown_text(text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"
