"""The dates of a build, checked by the rules that dbt applies: its own macros, rendered here.

Reading some small files with Jinja takes a few hundredths of a second, importing dbt some seconds.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from orchestration.errors import RegularsError
from orchestration.loading.expectations import read_project_variables
from orchestration.loading.tables import default_source
from orchestration.settings import PROJECT_DIR

if TYPE_CHECKING:
    import jinja2

MACROS = (
    "dbt_project/macros/time",
    "dbt_project/macros/source_name.sql",
    "dbt_project/macros/source_setting.sql",
)
# The settings to mend, by how the macros begin their messages.
SETTINGS = {
    "as_of_date": "--as-of or REGULARS_AS_OF_DATE",
    "each of snapshot_dates": "--snapshot-dates or REGULARS_SNAPSHOT_DATES",
    "window_start_date": "REGULARS_WINDOW_START_DATE",
}


class _Returned(Exception):  # noqa: N818, a way out of a macro, as in dbt
    """What a macro gives back by ``return()``."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def check_dates(
    environment: Mapping[str, str] = os.environ, *, source: str | None = None
) -> list[str]:
    """The dates that a build would take features on; the last one is its as-of date.

    Args:
        environment: ``REGULARS_AS_OF_DATE`` and ``REGULARS_SNAPSHOT_DATES`` are read.
        source: whose dates they are; none for what the environment says, else the default.

    Returns:
        Dates like ``2018-03-01``, ascending.

    Raises:
        RegularsError: one is no date, or outside of what the source's data allow; in the words of
            the macro that refuses it.

    Example:
        >>> check_dates({"REGULARS_AS_OF_DATE": "2018-03-01",
        ...              "REGULARS_SNAPSHOT_DATES": "2017-09-01"})
        ['2017-09-01', '2018-03-01']
    """
    environment = _of_source(environment, source)
    macros = _macros(environment)
    if not is_as_of_date_known(environment):
        days = [*macros["asked_snapshot_dates"](), environment.get("REGULARS_AS_OF_DATE") or None]
        return [macros["checked_date"]("as_of_date", day) for day in days if day]
    dates: list[str] = macros["snapshot_dates"]()
    return dates


def read_as_of_date(
    environment: Mapping[str, str] = os.environ, *, source: str | None = None
) -> str | None:
    """The as-of date of a build; none where it follows from the files, which are not loaded yet.

    Raises:
        RegularsError: it is no date.
    """
    environment = _of_source(environment, source)
    if not is_as_of_date_known(environment) and not environment.get("REGULARS_AS_OF_DATE"):
        return None
    value: str = _macros(environment)["as_of_date"]()
    return value


def _of_source(environment: Mapping[str, str], source: str | None) -> Mapping[str, str]:
    return environment if source is None else {**environment, "REGULARS_SOURCE": source}


def is_as_of_date_known(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the project says the dates of a source; those of a mapped shop follow from its files.

    Example:
        >>> is_as_of_date_known({})
        True
    """
    defaults = read_project_variables()["source_defaults"]
    source = environment.get("REGULARS_SOURCE") or default_source()
    return "as_of_date" in defaults.get(source, {})


def _macros(environment: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The macros about time as functions of this process, with all that they call in dbt."""
    import jinja2
    import yaml  # type: ignore[import-untyped]

    text = (PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    variables = yaml.load(text, loader)["vars"]  # a safe loader
    jinja = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    macros: dict[str, Callable[..., Any]] = {}
    for place in MACROS:
        for path in sorted(PROJECT_DIR.glob(f"{place}/*.sql" if "." not in place else place)):
            text = path.read_text(encoding="utf-8")
            macros[path.stem] = _as_function(jinja.from_string(text), path.stem)
    jinja.globals.update(
        {
            "var": lambda name, default=None: variables.get(name, default),
            "env_var": lambda name, default="": environment.get(name, default),
            "modules": SimpleNamespace(re=re, datetime=datetime),
            "exceptions": SimpleNamespace(raise_compiler_error=_refuse),
            "return": _leave,
            # As when models run, on a warehouse where nothing is loaded.
            "execute": True,
            "table_exists": lambda _schema, _name: False,
            **macros,
        }
    )
    return macros


def _as_function(template: jinja2.Template, name: str) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        try:
            return getattr(template.module, name)(*values)
        except _Returned as end:
            return end.value

    return call


def _leave(value: Any) -> NoReturn:
    raise _Returned(value)


def _refuse(message: str) -> NoReturn:
    for beginning, settings in SETTINGS.items():
        # Some of the macros name the settings themselves.
        if message.startswith(beginning) and "REGULARS_" not in message:
            raise RegularsError(f"{message} (set by {settings})")
    raise RegularsError(message)
