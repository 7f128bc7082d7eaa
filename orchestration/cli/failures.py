"""What failed in a run of the graph, in sentences; the whole story goes to build.log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.cli.build_log import BuildLog

# Errors whose text is a sentence for the person who typed the command.
WRITTEN_TO_BE_READ = {
    "FeatureError",
    "InputError",
    "PageError",
    "PublishError",
    "RegularsError",
    "StoreError",
    "WarehouseError",
    "WarehouseLockedError",
}
# Errors by which Dagster ends a step whose cause is told elsewhere.
TOLD_ELSEWHERE = {"StepNotRunError", "DagsterAssetCheckFailedError"}
INTERRUPTIONS = {"KeyboardInterrupt", "DagsterExecutionInterruptedError"}
# What a step does, by its name or how that begins: of a step of the graph, or of one of progress.
DOING = {
    "prepare": "reading the project",
    "load": "loading the files",
    "demo": "generating the demo shop",
    "dbt": "building tables with dbt",
    "tests": "testing tables",
    "reports": "building the report",
    "report": "building the report",
    "publish": "publishing the marts",
    "published": "publishing the marts",
    "marts": "checking the marts",
    "marts_ml": "checking the marts",
    "study": "studying segmentations",
    "ml": "fitting",
    "fit": "fitting",
    "stability": "measuring the stability of segments",
    "ml__segment_stability": "measuring the stability of segments",
    "score": "scoring",
    "ml__library_scores": "scoring",
    "champions": "choosing champions",
    "choose": "choosing champions",
}
# Lines of dbt that say nothing to who reads them in a terminal.
NOISE = re.compile(
    r"^\s*(compiled code at .*|> in macro .*|> called by .*|\d+ of \d+ .*|Encountered an error:?"
    r"|Finished running .*|Completed with .*|See .*logs.*)\s*$"
)
FAILED_TEST = re.compile(
    r"^\s*Failure in test (?P<name>\w+) \((?P<file>[^)]*)\)\s*\n\s*Got (?P<count>\d+) results?.*$",
    re.MULTILINE,
)
FAILED_NODE = re.compile(
    r"^\s*(?P<kind>[A-Z][A-Za-z]+) Error in (?P<what>\w+) (?P<name>\S+) \((?P<file>[^)]*)\)\s*$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Failure:
    """What failed.

    Attributes:
        step: the step of the graph, or `check <name>`.
        message: what the person needs to read.
        text: all that the error and its causes say, to find out what kind it is.
        is_interruption: somebody stopped it.
    """

    step: str
    message: str
    text: str = ""
    is_interruption: bool = False

    @property
    def what(self) -> str:
        """What failed, as the beginning of a sentence."""
        if self.step.startswith("check "):
            return f"The {self.step}"
        words = describe_step(self.step)
        return words[0].upper() + words[1:]

    @classmethod
    def of_exception(cls, step: str, error: BaseException) -> Failure:
        """An error outside of all steps."""
        text = f"{type(error).__name__}: {error}"
        return cls(step, _unforeseen(text), text, is_interruption(error))


def find_failures(result: Any, log: BuildLog) -> list[Failure]:
    """Failed steps and blocking checks of a run; their tracebacks go to the log."""
    import dagster as dg

    failures: list[Failure] = []
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            error = event.event_specific_data.error
            log.write(f"\n{event.step_key} failed:\n{error.to_string()}\n")
            if TOLD_ELSEWHERE.isdisjoint(_class(link) for link in _chain(error)):
                failures.append(_of_step(event.step_key, error))
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.event_specific_data
            if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
                failures.append(
                    Failure(f"check {evaluation.check_name}", evaluation.description or "")
                )
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE and not failures:
            error = event.event_specific_data.error  # before any step: a resource
            if error is not None:
                log.write(f"\nthe run failed:\n{error.to_string()}\n")
                failures.append(_of_step("the run", error))
    # A test of dbt is a check, too, of which the step's own message says more.
    messages = " ".join(failure.message for failure in failures)
    return [
        failure
        for failure in failures
        if failure.message or failure.step.split()[-1] not in messages
    ]


def is_interruption(error: BaseException) -> bool:
    """Whether somebody stopped the command."""
    return type(error).__name__ in INTERRUPTIONS


def describe_step(step: str) -> str:
    """What a step does, in words.

    Example:
        >>> describe_step("dbt (88 tables)"), describe_step("ml__kmeans")
        ('building tables with dbt', 'fitting (ml.kmeans)')
    """
    begins = re.split(r"[^a-z]", step, maxsplit=1)[0]
    words = DOING.get(step) or DOING.get(begins)
    if words is None:
        return step if step == "the run" else f"at the step {step}"
    return f"{words} ({step.replace('__', '.')})" if begins == "ml" else words


def tidy(message: str) -> str:
    r"""What dbt said, as sentences.

    Example:
        >>> print(tidy("Failure in test not_null_x (a.yml)\n  Got 2 results, configured to fail"))
        test not_null_x found 2 rows that it should not (a.yml)
    """
    message = FAILED_TEST.sub(_failed_test, message)
    message = FAILED_NODE.sub(r"\g<what> \g<name> (\g<file>):", message)
    lines = [line.rstrip() for line in message.splitlines() if not NOISE.match(line)]
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()


def _failed_test(match: re.Match[str]) -> str:
    rows = "row" if match["count"] == "1" else "rows"
    return (
        f"test {match['name']} found {match['count']} {rows} that it should not ({match['file']})"
    )


def _of_step(step: str, error: Any) -> Failure:
    chain = _chain(error)
    text = "\n".join(link.message for link in chain)
    stopped = any(_class(link) in INTERRUPTIONS for link in chain)
    own = next((link for link in chain if _class(link) in WRITTEN_TO_BE_READ), None)
    if own is not None:
        return Failure(step, tidy(own.message.partition(": ")[2].strip()), text, stopped)
    cause = chain[-1]
    return Failure(step, _unforeseen(cause.message), text, stopped)


def _unforeseen(text: str) -> str:
    return f"{' '.join(text.split())} (an error that is not foreseen; please report it)"


def _chain(error: Any) -> list[Any]:
    chain = []
    while error is not None:
        chain.append(error)
        error = error.cause
    return chain


def _class(error: Any) -> str:
    return str(error.cls_name or "").rpartition(".")[2]
