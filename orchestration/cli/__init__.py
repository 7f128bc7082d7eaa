"""The `regulars` command: the asset graph by hand, with progress and a summary."""

import sys
from importlib import import_module

from ml.entry_points import ExtensionError

__all__ = ["main"]


def main() -> None:
    """Run the command that was typed, unless a family or purpose of another package is none."""
    try:
        import_module("ml.families.catalog")
    except ExtensionError as error:
        sys.exit(f"Error: {error}.")
    # It offers the purposes, so it comes after them.
    from orchestration.cli.app import main as run

    run()
