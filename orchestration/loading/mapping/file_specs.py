"""How the files of a table are named and written, as a mapping says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestration.loading.mapping.profile import Looked
from orchestration.loading.mapping.sources import WORKBOOK


def guess_file_spec(files: Sequence[Looked], unsure: list[str]) -> dict[str, Any]:
    """How the files of a table are named and written.

    Args:
        files: of one table, all alike.
        unsure: gets a sentence where several files are read together.
    """
    first = files[0].source
    names = list(dict.fromkeys(file.source.path.name for file in files))
    spec = first.spec.model_dump(mode="json", exclude_defaults=True)
    if len(names) > 1:
        start = _shared_start(names)
        end = _shared_start([name.removeprefix(start)[::-1] for name in names])[::-1]
        spec["path"] = f"{start}*{end}"
        unsure.append(
            f"files: {', '.join(names)} are read together as {spec['path']}; what stands in "
            "several is read from the last by name."
        )
    if first.format == WORKBOOK:
        spec["sheets"] = [file.source.sheet for file in files if file.source.path == first.path]
    return spec


def _shared_start(names: Sequence[str]) -> str:
    """The signs with which all names begin."""
    least, most = min(names), max(names)
    length = next(
        (
            place
            for place, (one, other) in enumerate(zip(least, most, strict=False))
            if one != other
        ),
        len(least),
    )
    return least[:length]
