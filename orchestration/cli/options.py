"""The options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ml.purposes import PURPOSES
from orchestration.settings import given_path


def path_option(name: str, description: str) -> Any:
    """An option that takes a path; an empty one is refused."""

    def parse(text: str | Path) -> Path:
        return given_path(str(text), name)

    return typer.Option(name, help=description, parser=parse, metavar="PATH")


AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="As-of date, like 2018-03-01; the source's default if not given."),
]
SnapshotDates = Annotated[
    str | None,
    typer.Option(
        "--snapshot-dates",
        help="Dates of the feature snapshots, like 2017-09-01,2018-03-01; monthly if not given.",
    ),
]
FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Rebuild every incremental table.")
]
DataDir = Annotated[
    Path | None,
    path_option("--data-dir", "Folder of the raw files; REGULARS_DATA_DIR or the demo shop."),
]
SourceName = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Source of the files; REGULARS_SOURCE, or found by the files in the folder.",
    ),
]
Rejects = Annotated[
    int | None,
    typer.Option("--max-rejected-rows", min=0, help="Unreadable rows to set aside, 0 by default."),
]
QuickStudy = Annotated[
    bool,
    typer.Option(
        "--quick-study",
        help="Study segmentations on few people, seeds and counts; for trying out.",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Print all figures, facts and times, not one screen.")
]


class Purpose(StrEnum):
    """What a model is for."""

    _ignore_ = "name"
    for name in PURPOSES:
        vars()[name] = name
