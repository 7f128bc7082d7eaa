"""Files that lie beside those that were found, and look as if they held more of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestration.loading.files import RawFile
from orchestration.loading.finding import Finding
from orchestration.loading.formats import FORMAT_OF_SUFFIX
from orchestration.paths import shown_path

# What comes with data and holds none of it.
SUFFIXES_OF_TEXTS = (".md", ".pdf", ".html", ".sql", ".yml", ".yaml", ".log", ".md5", ".sha256")


def spare_files(folder: Path, stems: Sequence[str]) -> list[str]:
    """Names of the files of a folder that are no table's, by their suffix not texts about data.

    Args:
        folder: where the files lie.
        stems: how the files of the tables are called, without a suffix.
    """
    taken = {stem.lower() + suffix for stem in stems for suffix in FORMAT_OF_SUFFIX}
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.name.lower() not in taken
        and not path.name.startswith(".")
        and not path.name.lower().endswith(SUFFIXES_OF_TEXTS)
        and path.is_file()
    )


def find_second_files(files: Sequence[RawFile]) -> Iterator[Finding]:
    """Files that are called like one that was read, with something added: a copy, or a part.

    Args:
        files: all files of the source.

    Yields:
        A finding per file that is not read.
    """
    cores = {_core(file.table.file_stem): file for file in files}
    for folder in dict.fromkeys(file.path.parent for file in files):
        for name in spare_files(folder, [file.table.file_stem for file in files]):
            stem = _core(name.split(".")[0])
            near = [core for core in cores if core in stem and core != stem]
            if stem in cores or not near:
                continue
            file = cores[max(near, key=len)]
            yield Finding(
                code="second_file",
                message=f"{shown_path(name)} lies beside {file.path.name}, but is not read; if it "
                f"holds more of {file.table.name}, that is missing.",
                remedy=f"Join it to {file.path.name} below one header, or move it away.",
                file=file,
                found_value=shown_path(name),
            )


def _core(stem: str) -> str:
    """A name without case and signs, and without the word that says only that it holds data."""
    return re.sub(r"[\W_]|dataset", "", stem.lower())
