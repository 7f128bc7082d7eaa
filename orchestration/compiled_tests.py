"""Statements of dbt's data tests, kept from one build to the next.

dbt needs a third of the time of a test to compile it, and most come out the same each time. A
statement is kept with a digest of all that it is made of: the test, the names of the tables that it
looks at, the macros that it may call, the project's variables, and those of the environment that
they name. So shops of several sources share most of them. What asks the warehouse while it is
compiled, or for the time, is compiled each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT_DIR

KEPT_NAME = "compiled_tests.json"
# Statements that are kept at most: of some versions of a project, or settings.
MAX_KEPT = 5_000
# Files of the project, beside its macros and tests, that a statement depends on.
SETTINGS_FILES = ("dbt_project.yml", "profiles.yml")
JINJA = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w*")
ENVIRONMENT_VARIABLE = re.compile(r"env_var\(\s*['\"](\w+)")
# What makes a statement another one although the project is the same.
ASKS_ELSEWHERE = re.compile(
    r"\b(?:run_query|statement|load_result|run_started_at|invocation_id|modules"
    r"|adapter\s*\.\s*(?!dispatch\b|quote\b))"
)


class CompiledTests:
    """The statements that were compiled before, as far as they still hold.

    Args:
        manifest: dbt's ``manifest.json``.
        folder: where they are kept.
        dbt_version: of the dbt that compiles.
    """

    def __init__(self, manifest: Mapping[str, Any], folder: Path, dbt_version: str) -> None:
        self._nodes = manifest["nodes"]
        self._sources = manifest["sources"]
        self._path = folder / KEPT_NAME
        self._texts_of_macro: defaultdict[str, list[str]] = defaultdict(list)
        # How a macro is called: by its name, or without its target's: adapter.dispatch('concat').
        self._called: defaultdict[str, set[str]] = defaultdict(set)
        for macro in manifest["macros"].values():
            name = macro["name"]
            self._texts_of_macro[name].append(macro["macro_sql"])
            self._called[name].add(name)
            self._called[name.partition("__")[2] or name].add(name)
        settings = [(PROJECT_DIR / name).read_text(encoding="utf-8") for name in SETTINGS_FILES]
        self._settings = [dbt_version, *settings]

    def read(self, test_ids: Collection[str]) -> dict[str, str]:
        """Statements by test id, of those that are kept."""
        kept = self._read()
        keys = {id_: self._key(id_) for id_ in test_ids}
        return {id_: kept[key] for id_, key in keys.items() if key in kept}

    def keep(self, statements: Mapping[str, str]) -> None:
        """Keep what was compiled for the next build."""
        keys = {id_: self._key(id_) for id_ in statements}
        new = {key: statements[id_] for id_, key in keys.items() if key is not None}
        if not new:
            return
        kept = {**self._read(), **new}
        temporary = self._path.with_name(f"{KEPT_NAME}-{os.getpid()}")
        temporary.write_text(json.dumps(kept if len(kept) <= MAX_KEPT else new), encoding="utf-8")
        temporary.replace(self._path)

    def is_compiled_each_time(self, test_id: str) -> bool:
        """Whether a test asks the warehouse or for the time, itself or by a macro."""
        return self._key(test_id) is None

    def _read(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}  # the first time, or written by half

    def _key(self, test_id: str) -> str | None:
        """A digest of all that a statement is made of; none where that is not the project alone."""
        node = self._nodes[test_id]
        metadata = node.get("test_metadata") or {}
        above = [
            self._nodes.get(id_) or self._sources.get(id_) or {}
            for id_ in node["depends_on"]["nodes"]
        ]
        if any(parent.get("config", {}).get("materialized") == "ephemeral" for parent in above):
            return None  # its statement becomes a part of the test's
        parents = [parent.get("relation_name") for parent in above]
        own = json.dumps([node["raw_code"], metadata, node["config"], parents], sort_keys=True)
        words = {*_words_of(node["raw_code"]), *WORD.findall(json.dumps(metadata))}
        if metadata:
            words |= {f"test_{metadata['name']}", "get_where_subquery"}
        macros = self._texts_behind(words)
        if any(_asks_elsewhere(text) for text in [node["raw_code"], *macros]):
            return None
        texts = [test_id, own, *macros]
        names = sorted(set(ENVIRONMENT_VARIABLE.findall("\n".join(texts))))
        values = [f"{name}={os.environ.get(name)}" for name in names]
        return _digest([*self._settings, *texts, *values])

    def _texts_behind(self, words: Collection[str]) -> list[str]:
        """Every macro that one of these words may call, or one that such a macro may call."""
        macro_names: set[str] = set()
        waiting = list(words)
        while waiting:
            for name in self._called.get(waiting.pop(), set()) - macro_names:
                macro_names.add(name)
                for text in self._texts_of_macro[name]:
                    waiting += _words_of(text)
        return [text for name in sorted(macro_names) for text in self._texts_of_macro[name]]


@cache
def _words_of(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(_jinja_of(text)))


@cache
def _asks_elsewhere(text: str) -> bool:
    return ASKS_ELSEWHERE.search(_jinja_of(text)) is not None


def _jinja_of(text: str) -> str:
    return " ".join(JINJA.findall(text))


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
