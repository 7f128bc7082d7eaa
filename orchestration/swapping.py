"""Puts a finished folder in the place of the former one, atomically for readers."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from pathlib import Path

# How long a reader that has just read a link may take to open what is behind it, in seconds.
SWAP_GRACE = 0.05

# Hidden siblings are called after their place, as in .site-1f6f8b02; so many digits.
SUFFIX_LENGTH = 8


def swap_folder(new: Path, place: Path) -> None:
    """Put a finished folder in a place, atomically for readers.

    The place is a relative symbolic link to a hidden sibling; replacing a link is one rename, so a
    reader sees the former folder or the new one, whole. Files that a reader has open stay
    readable; the former folder is removed.

    Args:
        new: the finished folder, in the same parent as ``place``.
        place: where readers look.
    """
    former = None
    if place.is_symlink() and place.readlink().parent == Path():
        former = place.readlink().name
    if place.exists() and not place.is_symlink():
        shutil.rmtree(place)
    link = place.with_name(f"{new.name}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(new.name, target_is_directory=True)
    link.replace(place)
    time.sleep(SWAP_GRACE)
    # Besides the former folder, what steps that were killed have left.
    left = re.compile(rf"\.{re.escape(place.name)}-[0-9a-f]{{{SUFFIX_LENGTH}}}(\.link)?")
    for sibling in place.parent.iterdir():
        if sibling.name == new.name or not (sibling.name == former or left.fullmatch(sibling.name)):
            continue
        if sibling.is_symlink():
            sibling.unlink()
        else:
            shutil.rmtree(sibling, ignore_errors=True)


def new_folder(place: Path) -> Path:
    """An empty hidden sibling of a place, to be filled and then given to ``swap_folder``."""
    folder = place.with_name(f".{place.name}-{uuid.uuid4().hex[:SUFFIX_LENGTH]}")
    folder.mkdir(parents=True)
    return folder
