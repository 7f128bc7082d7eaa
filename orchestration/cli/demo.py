"""`regulars demo`: a generated shop."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.checking import check_new_folder, check_warehouse_place
from orchestration.cli.options import path_option
from orchestration.cli.progress import say, show_progress
from orchestration.cli.running import INTERRUPTED
from orchestration.errors import RegularsError
from orchestration.locking import hold_lock
from orchestration.settings import DEFAULT_DEMO_ORDERS, DEFAULT_DEMO_SEED, MIN_DEMO_ORDERS, Settings
from orchestration.staging import FileIdentity


def demo(
    orders: Annotated[
        int, typer.Option(min=MIN_DEMO_ORDERS, help="Orders to generate.")
    ] = DEFAULT_DEMO_ORDERS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same bytes.")] = (
        DEFAULT_DEMO_SEED
    ),
    out: Annotated[Path | None, path_option("--out", "Folder; demo/ beside the warehouse.")] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="How the files lie, as flat_lines; those of the source if not given."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Kind of shop; some have a planted answer (README).")
    ] = None,
) -> None:
    """Generate the demo shop: a source's files, and the truth behind them."""
    from orchestration.demo_shop import make_demo_shop

    settings = Settings.from_environment()
    source = _find_source(settings, layout)
    if scenario is not None:
        _check_scenario(source, scenario)
    if out is None:
        check_warehouse_place(settings.warehouse_path)
    folder = out or _default_folder(settings, source)
    check_new_folder(folder, "the demo shop's folder")
    before = _look(folder)
    if out is None:
        settings.folder.mkdir(parents=True, exist_ok=True)
    # Elsewhere than beside the warehouse it is in nobody's way.
    alone = hold_lock(settings.warehouse_path) if out is None else contextlib.nullcontext()
    try:
        with alone, show_progress() as progress:
            progress.begin("demo shop", orders)

            def advance(done: int, total: int) -> None:
                if progress.is_interrupted():  # Python may have lost it
                    raise KeyboardInterrupt
                if progress.task is not None:
                    progress.bars.update(
                        progress.task, completed=done, message=f"{done:,} of {total:,} orders"
                    )

            make_demo_shop(
                folder,
                source=source,
                order_count=orders,
                seed=seed,
                scenario=scenario,
                progress=advance,
            )
    except OSError as error:
        raise RegularsError(
            f"the demo shop could not be written to {folder} ({error.strerror or error}); "
            f"{_describe(folder, before)}"
        ) from error
    except KeyboardInterrupt:
        say(f"Stopped while generating the demo shop; {_describe(folder, before)}.")
        raise typer.Exit(INTERRUPTED) from None
    Console(highlight=False).print(f"{orders:,} orders in {folder}", soft_wrap=True)


def _find_source(settings: Settings, layout: str | None) -> str:
    """The source whose generator writes files of a layout; that of the settings if none is given.

    Raises:
        typer.BadParameter: no generator has this layout.
    """
    from orchestration.sources import demo_layouts

    if layout is None:
        return settings.source
    layouts = demo_layouts()
    if layout not in layouts:
        raise typer.BadParameter(
            f"layout must be one of {', '.join(sorted(layouts))}, got {layout!r}; choose one of "
            "these",
            param_hint="--layout",
        )
    return layouts[layout]


def _check_scenario(source: str, scenario: str) -> None:
    """See that the generator of a source has a scenario.

    Raises:
        typer.BadParameter: it does not; where another layout has it, that is said.
    """
    from orchestration.sources import demo_layouts, demo_of

    try:
        demo_of(source).find_scenario(scenario)
    except ValueError as error:
        layouts = demo_layouts().items()
        other = [name for name, source in layouts if scenario in demo_of(source).SCENARIOS]
        hint = f" (it is one of --layout {other[0]})" if other else ""
        raise typer.BadParameter(f"{error}{hint}", param_hint="--scenario") from error


def _default_folder(settings: Settings, source: str) -> Path:
    """Beside the warehouse; the demo that a build uses by itself is never mixed with another."""
    from orchestration.sources import demo_of

    if source == settings.source:
        return settings.demo_dir
    return settings.folder / f"{settings.demo_dir.name}_{demo_of(source).LAYOUT}"


def _look(folder: Path) -> dict[str, FileIdentity | None]:
    """What a folder holds."""
    if not folder.exists():
        return {}
    return {path.name: FileIdentity.of(path) for path in folder.iterdir()}


def _describe(folder: Path, before: dict[str, FileIdentity | None]) -> str:
    """What became of a folder, into which a shop was to be written."""
    if not folder.exists():
        return "nothing of it is left"
    if _look(folder) == before:
        return f"{folder} is as it was"
    return f"files in {folder} are new; run the command again to be sure that all of them are"
