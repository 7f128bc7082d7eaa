"""The `regulars` command: the asset graph by hand, with progress and a summary."""

from orchestration.cli.app import main

__all__ = ["main"]
