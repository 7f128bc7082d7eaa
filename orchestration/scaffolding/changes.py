"""Files that are written together: all of them, or none."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from orchestration.errors import RegularsError
from orchestration.paths import shown_path


class Changes:
    """New files and changed ones of a checkout, collected before any is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._added: dict[Path, str] = {}
        self._changed: dict[Path, str] = {}
        self._line_ends: dict[Path, str] = {}

    @property
    def added(self) -> Mapping[Path, str]:
        """Text of each new file, by its path from the root."""
        return self._added

    @property
    def changed(self) -> Mapping[Path, str]:
        """New text of each file that was there, by its path from the root."""
        return self._changed

    def add(self, path: Path, text: str) -> None:
        """A file that is not there yet.

        Args:
            path: from the root.
            text: with which it begins.

        Raises:
            RegularsError: it is there, or a file stands where its folder should be.
        """
        place = self.root / path
        if place.exists() or place.is_symlink() or path in self._added:
            raise RegularsError(
                f"{shown_path(path)} is there already, and nothing is written over; choose another "
                "name, or move the file away"
            )
        for folder in list(path.parents)[:-1]:
            if (self.root / folder).exists() and not (self.root / folder).is_dir():
                raise RegularsError(
                    f"{shown_path(folder)} must be a folder, but it is a file; choose another "
                    "name, or move the file away"
                )
        self._added[path] = text

    def text_of(self, path: Path) -> str:
        """A file of the project as it will be.

        Args:
            path: from the root.

        Raises:
            RegularsError: there is none, or it is no text.
        """
        for texts in (self._added, self._changed):
            if path in texts:
                return texts[path]
        try:
            text = (self.root / path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RegularsError(
                f"{shown_path(path)} must be a text of the project, but it cannot be read "
                f"({reason}); restore it, as with git checkout"
            ) from error
        if "\r\n" in text:
            self._line_ends[path] = "\r\n"
        return text.replace("\r\n", "\n")

    def has(self, path: Path) -> bool:
        """Whether a file is there, or will be."""
        return path in self._added or (self.root / path).exists()

    def change(self, path: Path, text: str) -> None:
        """Another text for a file that is there or will be."""
        (self._added if path in self._added else self._changed)[path] = text

    def write(self) -> None:
        """Write all files.

        Raises:
            RegularsError: one cannot be written; then none is.
        """
        made: list[Path] = []
        replaced: list[tuple[Path, bytes | None]] = []
        try:
            staged = [self._stage(path, text, made) for path, text in self._all().items()]
            for new, place in staged:
                former = place.read_bytes() if place.exists() else None
                if former is not None:
                    shutil.copymode(place, new)
                new.replace(place)
                replaced.append((place, former))
        except BaseException as error:
            _undo(replaced, made)
            if not isinstance(error, OSError):
                raise
            where = shown_path(error.filename or self.root)
            raise RegularsError(
                f"{where} cannot be written ({error.strerror or error}), so nothing was; give "
                "yourself the right to write there, or free some space, and run the command again"
            ) from error

    def _all(self) -> dict[Path, str]:
        return {**self._added, **self._changed}

    def _stage(self, path: Path, text: str, made: list[Path]) -> tuple[Path, Path]:
        """Write a text beside its place; what is made on the way is noted, to be taken back."""
        place = (self.root / path).resolve()
        for folder in reversed([parent for parent in place.parents if not parent.exists()]):
            folder.mkdir()
            made.append(folder)
        new = place.with_name(f".new-{uuid.uuid4().hex}")
        made.append(new)
        new.write_bytes(text.replace("\n", self._line_ends.get(path, "\n")).encode("utf-8"))
        return new, place


def _undo(replaced: list[tuple[Path, bytes | None]], made: list[Path]) -> None:
    for place, former in reversed(replaced):
        if former is None:
            place.unlink(missing_ok=True)
        else:
            place.write_bytes(former)
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
