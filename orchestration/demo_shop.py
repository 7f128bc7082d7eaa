"""The demo shop's folder, with a label that says what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from ml.demo import DEFAULT_SCENARIO, generate_demo_shop

LABEL = "made_with.json"


def _wanted(order_count: int, seed: int, scenario: str) -> dict[str, object]:
    return {
        "orders": order_count,
        "seed": seed,
        "scenario": scenario,
        "code_version": version("regulars"),
    }


def make_demo_shop(
    folder: Path,
    *,
    order_count: int,
    seed: int,
    scenario: str = DEFAULT_SCENARIO,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Generate the demo shop and label it; without the label a folder is not trusted."""
    label = folder / LABEL
    label.unlink(missing_ok=True)
    generate_demo_shop(
        folder, order_count=order_count, seed=seed, scenario=scenario, progress=progress
    )
    label.write_text(json.dumps(_wanted(order_count, seed, scenario)))


def is_demo_shop(
    folder: Path, *, order_count: int, seed: int, scenario: str = DEFAULT_SCENARIO
) -> bool:
    """Whether a folder holds this very demo shop, whole."""
    try:
        label = json.loads((folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or half of one
        return False
    return bool(label == _wanted(order_count, seed, scenario))
