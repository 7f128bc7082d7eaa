"""The `regulars` command: the asset graph by hand, with progress and a summary."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that was typed."""
    from ml.entry_points import ExtensionError

    try:
        # What other packages bring is read with the commands, which offer it.
        from orchestration.cli.app import main as run
    except ExtensionError as error:
        sys.exit(f"Error: {error}.")
    run()
