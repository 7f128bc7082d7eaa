"""The demo shop's folder, with a label that says what is in it."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from orchestration.sources import demo_of
from orchestration.swapping import SUFFIX_LENGTH

LABEL = "made_with.json"
FILES = "files"  # the key of the label that lists them


def _wanted(source: str, order_count: int, seed: int, scenario: str) -> dict[str, object]:
    return {
        "source": source,
        "orders": order_count,
        "seed": seed,
        "scenario": scenario,
        "code_version": version("regulars"),
    }


def make_demo_shop(
    folder: Path,
    *,
    source: str,
    order_count: int,
    seed: int,
    scenario: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Generate a source's demo shop and label it; without the label a folder is not trusted.

    It is written to a hidden folder inside the folder, and put in place when it is whole. Whoever
    stops it before, or a disk that is full, leaves everything as it was.

    Args:
        folder: made if it is not there; other files in it stay.
        source: whose files it is like.
        order_count: orders to generate.
        seed: the same seed, the same bytes.
        scenario: kind of shop.
        progress: called with how many orders are done, and how many there will be.
    """
    generator = demo_of(source)
    scenario = scenario or str(generator.DEFAULT_SCENARIO)
    made = _make_folders(folder)
    new = folder / f".new-{uuid.uuid4().hex[:SUFFIX_LENGTH]}"
    try:
        new.mkdir()
        generator.generate_demo_shop(
            new, order_count=order_count, seed=seed, scenario=scenario, progress=progress
        )
        label = _wanted(source, order_count, seed, scenario)
        (new / LABEL).write_text(json.dumps({**label, FILES: _files_in(new)}))
        try:
            _put_in_place(new, folder)
        except KeyboardInterrupt:
            _put_in_place(new, folder)  # what is begun is brought to its end
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        for empty in made:
            with contextlib.suppress(OSError):  # not empty
                empty.rmdir()


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns those that were not there, the innermost first."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return made


def _files_in(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _read_label(folder: Path) -> dict[str, object]:
    """What the label says; nothing where there is none, or half of one."""
    try:
        label = json.loads((folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return label if isinstance(label, dict) else {}


def _put_in_place(new: Path, folder: Path) -> None:
    """Move all files of a new shop, the label last; files of another source's demo go."""
    label = new / LABEL
    if label.exists():
        _remove_other_demo(folder, _read_label(new))
        (folder / LABEL).unlink(missing_ok=True)
    for name in sorted(_files_in(new), key=lambda name: name == LABEL):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        (new / name).replace(target)


def _remove_other_demo(folder: Path, label: dict[str, object]) -> None:
    """Remove the files of a demo shop of another source: a folder holds one shop."""
    former = _read_label(folder)
    names = former.get(FILES)
    if former.get("source") == label["source"] or not isinstance(names, list):
        return
    for name in names:
        path = folder / str(name)
        if folder.resolve() in path.resolve().parents:  # a label may have been edited
            path.unlink(missing_ok=True)
            if path.parent != folder:
                with contextlib.suppress(OSError):  # not empty
                    path.parent.rmdir()


def is_demo_shop(folder: Path, *, source: str, order_count: int, seed: int) -> bool:
    """Whether a folder holds a source's demo shop of the default scenario, whole."""
    scenario = str(demo_of(source).DEFAULT_SCENARIO)
    label = _read_label(folder)
    label.pop(FILES, None)
    return label == _wanted(source, order_count, seed, scenario)
