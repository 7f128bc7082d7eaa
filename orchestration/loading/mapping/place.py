"""Where the mapping of a shop's own files lies."""

from __future__ import annotations

import os
from pathlib import Path

MAPPING_NAME = "shop.yml"
SHOP_VARIABLE = "REGULARS_SHOP"


def mapping_place(folder: Path, stated: Path | None = None) -> Path:
    """Where the mapping of a folder is or will be.

    Args:
        folder: of the data.
        stated: a file or a folder; else ``REGULARS_SHOP`` says it, else it is the data folder.

    Example:
        >>> mapping_place(Path("mine"), Path("elsewhere.yml")).name
        'elsewhere.yml'
    """
    place = stated or Path(os.environ.get(SHOP_VARIABLE) or folder)
    return place / MAPPING_NAME if place.is_dir() else place
