"""`regulars init`: a mapping of a shop's own files, guessed and written, and what is unsure."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.errors import RegularsError
from orchestration.loading.mapping.place import SHOP_VARIABLE, mapping_place


def init(
    data_folder: Annotated[Path, typer.Argument(help="Folder of the shop's files.")],
    out: Annotated[
        Path | None, typer.Option(help="File or folder; REGULARS_SHOP, or the data folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a mapping.")] = False,
) -> None:
    """Look at a shop's files and write shop.yml, which says how to read them."""
    from orchestration.loading.mapping.looking import guess_mapping

    place = mapping_place(data_folder, out)
    if place.exists() and not force:
        raise RegularsError(
            f"{place} is there already and may have been edited; write over it with --force, or "
            "elsewhere with --out."
        )
    guess = guess_mapping(data_folder)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(guess.text, encoding="utf-8")
    except OSError as error:
        raise RegularsError(
            f"{place} cannot be written ({error.strerror or error}); say where with --out or "
            f"{SHOP_VARIABLE}."
        ) from error
    console = Console(highlight=False, markup=False, soft_wrap=True)
    origin = f"the preset {guess.preset}" if guess.preset else "guessed from the columns"
    console.print(f"{place}: {origin}, layout {guess.mapping.layout}")
    for table, names in guess.files.items():
        console.print(f"  {table}: {', '.join(names)}")
    if guess.unsure:
        console.print("\nNot certain, so look at it:")
        for sentence in guess.unsure:
            console.print(f"  - {sentence}")
    shown = shlex.quote(str(data_folder))
    console.print(f"\nNext: read {place.name} and mend what it has wrong; see what comes of it:")
    console.print(f"  regulars check {shown}")
    console.print("and build:")
    elsewhere = "" if place.parent == data_folder else f"{SHOP_VARIABLE}={shlex.quote(str(place))} "
    console.print(f"  REGULARS_DATA_DIR={shown} {elsewhere}regulars build")
