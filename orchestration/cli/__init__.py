"""The `regulars` command: the asset graph by hand, with progress and a summary."""

import gc
import sys
from importlib import import_module

from ml.entry_points import ExtensionError

__all__ = ["main"]

# Dagster and dbt keep a million objects to the end. To look through them for garbage each time some
# 700 new ones are there takes a tenth of a build.
COLLECT_AFTER = 50_000


def main() -> None:
    """Run the command that was typed, unless a family or purpose of another package is none."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        import_module("ml.families.catalog")
    except ExtensionError as error:
        sys.exit(f"Error: {error}.")
    # It offers the purposes, so it comes after them.
    from orchestration.cli.app import main as run

    run()
