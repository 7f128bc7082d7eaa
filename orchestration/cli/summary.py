"""What a command says when all went well: one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ml.purposes import PURPOSES
from orchestration.cli.history import describe_seconds
from orchestration.cli.overview import Overview
from orchestration.data_warnings import WarningComparison
from orchestration.settings import Settings
from orchestration.source import describe_source

WIDTH = 100
LABEL_WIDTH = 14
# Jobs that build marts, hence those that have rows, models and warnings to tell of.
JOBS_WITH_MARTS = ("whole_build", "score")
WHAT_WAS_DONE = {
    "whole_build": "Built in {time} from {source}, as of {as_of}.",
    "load": "Loaded {source} in {time}.",
    "fit": "Fitted in {time}.",
    "score": "Scored everybody in {time}, as of {as_of}.",
    "report": "Built the report in {time}.",
    "publish": "Published the marts in {time}.",
}

Line = tuple[str, str | Path]


def summarize(
    settings: Settings,
    job_name: str,
    seconds: float,
    overview: Overview,
    warnings: WarningComparison | None = None,
) -> list[Line]:
    """The lines that a command ends with: a label, empty for a whole sentence, and a text.

    Args:
        settings: of the command.
        job_name: as in ``orchestration.schedules``.
        seconds: what it took.
        overview: what the warehouse holds now.
        warnings: what is odd in the data, compared with the last build.
    """
    kind = job_name.partition("_")[0] if job_name.startswith("fit_") else job_name
    done = WHAT_WAS_DONE[kind].format(
        time=describe_seconds(seconds), source=describe_source(settings), as_of=overview.as_of_date
    )
    lines: list[Line] = [("", done)]
    if kind in JOBS_WITH_MARTS:
        lines += [("", ""), *shop_lines(overview)]
    if kind in (*JOBS_WITH_MARTS, "fit"):
        lines += champion_lines(overview)
    if kind in JOBS_WITH_MARTS:
        lines.append(("Tests", overview.tests))
        if warnings is not None:
            lines.append(("Data", warnings.sentence))
    if kind in (*JOBS_WITH_MARTS, "load"):
        lines += finding_lines(overview)
    places = place_lines(settings)
    if kind in ("report", "publish"):
        places = [line for line in places if (line[0] == "Report") == (kind == "report")]
    if kind in ("whole_build", "report", "publish"):
        lines += places
    return lines


def shop_lines(overview: Overview) -> list[Line]:
    """Customers, orders, revenue, repeat share."""
    if overview.customer_count is None:
        return [("Customers", overview.customers)]
    return [
        ("Customers", overview.customers),
        ("Orders", f"{overview.order_count or 0:,}"),
        ("Revenue", overview.money),
        ("Repeat share", f"{overview.repeat_share or 0:.1%} bought more than once"),
    ]


def champion_lines(overview: Overview) -> list[Line]:
    """The champion of each purpose and its verdict."""
    return [(PURPOSES[purpose].label, sentence) for purpose, sentence in overview.champions.items()]


def finding_lines(overview: Overview) -> list[Line]:
    """What is odd about the input."""
    shown = overview.findings_shown
    return [("Input" if number == 0 else " ", text) for number, text in enumerate(shown)]


def place_lines(settings: Settings) -> list[Line]:
    """Where the report and the copy for BI tools are, if they are there."""
    places = [
        ("Report", settings.site_dir / "index.html"),
        ("For BI", settings.published_dir / "regulars.duckdb"),
    ]
    return [(label, place) for label, place in places if place.exists()]


def print_lines(out: Console, lines: Sequence[Line]) -> None:
    """Print labels and texts; a word is never cut, and a path is never broken."""
    width = min(out.width, WIDTH) if out.is_terminal else WIDTH
    for label, text in lines:
        first = f"{label:<{LABEL_WIDTH}}" if label else ""
        if isinstance(text, Path):
            line = f"{first}{text}"
        else:
            line = textwrap.fill(
                text,
                width,
                initial_indent=first,
                subsequent_indent=" " * len(first),
                break_long_words=False,
                break_on_hyphens=False,
            )
        out.print(line, soft_wrap=True)
