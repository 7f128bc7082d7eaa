"""How a step says how far it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Protocol


class Progress(Protocol):
    """Where a step says how far it is."""

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""

    def advance(self, message: str) -> None:
        """One piece is done."""


@dataclass
class LogProgress:
    """Progress as log lines; what ``dagster dev`` uses."""

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("regulars"))

    def begin(self, step: str, total: int) -> None:
        """A step begins, with so many pieces of work."""
        self.logger.info("%s: %d steps", step, total)

    def advance(self, message: str) -> None:
        """One piece is done."""
        self.logger.info("%s", message)
