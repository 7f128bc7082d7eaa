"""How long builds take: by the last ones of the same shop, else a guess by its size."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from orchestration.loading.finding import counted
from orchestration.settings import Settings
from orchestration.source import describe_source

KEPT_RUNS = 20
# A guess needs no more than its order of magnitude: measured on two cores, the demo shop (20,000
# orders) takes some 190 seconds, a shop of real files (100,000 orders, 126 MB) some 250.
GUESS_SECONDS = 175.0
GUESS_SECONDS_PER_ORDER = 0.00075
GUESS_BYTES_PER_ORDER = {".csv": 1_250, ".gz": 450, ".parquet": 400}


@dataclass(frozen=True)
class Run:
    """A build that went well.

    Attributes:
        source: the shop, in words.
        is_quick_study: with a small study of segmentations.
        seconds: what it took.
    """

    source: str
    is_quick_study: bool
    seconds: float


def run_of(settings: Settings, seconds: float) -> Run:
    """A run with these settings."""
    return Run(describe_source(settings), settings.is_quick_study, round(seconds, 1))


def describe_usual_time(settings: Settings) -> str:
    """How long a build usually takes, and how that is known."""
    past = [
        run.seconds
        for run in read_runs(settings)
        if run.source == describe_source(settings) and run.is_quick_study == settings.is_quick_study
    ]
    if past:
        latest = past[-5:]
        basis = f"the last {len(latest)}" if len(latest) > 1 else "the last one"
        return f"usually takes {describe_seconds(median(latest))} (by {basis})"
    orders = settings.demo_orders if settings.data_dir is None else _guess_orders(settings.data_dir)
    seconds = GUESS_SECONDS + GUESS_SECONDS_PER_ORDER * orders
    return (
        f"takes about {describe_seconds(max(60 * round(seconds / 60), 60))} for about "
        f"{counted(_rounded(orders), 'order')} (a guess, since none has been built here yet)"
    )


def read_runs(settings: Settings) -> list[Run]:
    """The runs that are remembered, oldest first; none where the file cannot be read."""
    try:
        rows = json.loads(_place(settings).read_text(encoding="utf-8"))
        return [Run(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []


def remember_run(settings: Settings, run: Run) -> None:
    """Add a run; a build that went well does not fail because this cannot be written."""
    rows = [asdict(record) for record in [*read_runs(settings), run][-KEPT_RUNS:]]
    place = _place(settings)
    new = place.with_suffix(".new")
    with contextlib.suppress(OSError):
        try:
            new.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            new.replace(place)
        finally:
            new.unlink(missing_ok=True)


def describe_seconds(seconds: float) -> str:
    """A time as a person says it.

    Example:
        >>> describe_seconds(3.21), describe_seconds(192.0), describe_seconds(4_000.0)
        ('3.2 s', '3 min 12 s', '1 h 6 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _place(settings: Settings) -> Path:
    return settings.folder / "build_times.json"


def _guess_orders(folder: Path) -> int:
    sizes = [
        path.stat().st_size / GUESS_BYTES_PER_ORDER[path.suffix]
        for path in folder.iterdir()
        if path.suffix in GUESS_BYTES_PER_ORDER and path.is_file()
    ]
    return round(sum(sizes))


def _rounded(count: int) -> int:
    """To the leading digit, since it is a guess."""
    digits = max(len(str(count)) - 1, 0)
    return round(count, -digits)
