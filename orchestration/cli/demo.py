"""`regulars demo`: a generated shop."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.checking import check_new_folder, check_warehouse_place
from orchestration.cli.progress import show_progress
from orchestration.errors import RegularsError
from orchestration.locking import hold_lock
from orchestration.resources import (
    DEFAULT_DEMO_ORDERS,
    DEFAULT_DEMO_SCENARIO,
    DEFAULT_DEMO_SEED,
    Settings,
)


def demo(
    orders: Annotated[int, typer.Option(min=100, help="Orders to generate.")] = DEFAULT_DEMO_ORDERS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same bytes.")] = (
        DEFAULT_DEMO_SEED
    ),
    out: Annotated[Path | None, typer.Option(help="Folder; demo/ beside the warehouse.")] = None,
    scenario: Annotated[
        str, typer.Option(help="Kind of shop: like_olist, or one with a planted answer (README).")
    ] = DEFAULT_DEMO_SCENARIO,
) -> None:
    """Generate the demo shop: nine files like Olist's, and the truth behind them."""
    from ml.demo import find_scenario
    from orchestration.demo_shop import make_demo_shop

    try:
        find_scenario(scenario)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    settings = Settings.from_environment()
    if out is None:
        check_warehouse_place(settings.warehouse_path)
    folder = out or settings.demo_dir
    check_new_folder(folder, "the demo shop's folder")
    was_there = folder.exists()
    if out is None:
        settings.folder.mkdir(parents=True, exist_ok=True)
    # Elsewhere than beside the warehouse it is in nobody's way.
    alone = hold_lock(settings.warehouse_path) if out is None else contextlib.nullcontext()
    with alone, show_progress() as progress:
        progress.begin("demo shop", orders)

        def advance(done: int, wanted: int) -> None:
            if progress.task is not None:
                progress.bars.update(
                    progress.task, completed=done, message=f"{done:,} of {wanted:,} orders"
                )

        try:
            make_demo_shop(
                folder, order_count=orders, seed=seed, scenario=scenario, progress=advance
            )
        except OSError as error:
            if not was_there:
                shutil.rmtree(folder, ignore_errors=True)
            raise RegularsError(
                f"the demo shop could not be written to {folder} ({error.strerror or error}); "
                "nothing of it is left"
            ) from error
    Console(highlight=False).print(f"{orders:,} orders in {folder}", soft_wrap=True)
