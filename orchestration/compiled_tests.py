"""Statements of dbt's data tests, kept from one build to the next.

dbt needs a third of the time of a test to compile it, and most come out the same each time. Kept
are those that depend on the project, its variables and the environment only. What asks the
warehouse while it is compiled, or for the time, is compiled each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT_DIR

KEPT_NAME = "compiled_tests.json"
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
        self._macros = _Macros(manifest["macros"])
        self._project_digest = _digest([dbt_version, *self._macros.texts, *_settings(self._macros)])
        self._statements: dict[str, str] = {}

    def read(self, test_ids: Collection[str]) -> dict[str, str]:
        """Statements by test id, of those that are kept."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        self._statements = dict(kept)
        keys = {id_: self._key(id_) for id_ in test_ids}
        return {id_: self._statements[key] for id_, key in keys.items() if key in self._statements}

    def keep(self, statements: Mapping[str, str]) -> None:
        """Keep what was compiled for the next build, without what no test of now has."""
        new = {self._key(id_): sql for id_, sql in statements.items() if not self._asks(id_)}
        if not new:
            return
        present = {self._key(id_) for id_, node in self._nodes.items() if _is_test(node)}
        former = {key: sql for key, sql in self._statements.items() if key in present}
        temporary = self._path.with_name(f"{KEPT_NAME}-{os.getpid()}")
        temporary.write_text(json.dumps({**former, **new}), encoding="utf-8")
        temporary.replace(self._path)

    def _key(self, test_id: str) -> str:
        node = self._nodes[test_id]
        parents = [
            (self._nodes.get(id_) or self._sources.get(id_) or {}).get("relation_name")
            for id_ in node["depends_on"]["nodes"]
        ]
        parts = [node["raw_code"], node.get("test_metadata"), node["config"], parents]
        return _digest([self._project_digest, test_id, json.dumps(parts, sort_keys=True)])

    def _asks(self, test_id: str) -> bool:
        node = self._nodes[test_id]
        metadata = node.get("test_metadata") or {}
        words = _words_of(node["raw_code"]) | set(WORD.findall(json.dumps(metadata)))
        if metadata:
            words |= {f"test_{metadata['name']}", "get_where_subquery"}
        return _asks_elsewhere(node["raw_code"]) or self._macros.ask_elsewhere(words)


class _Macros:
    """The macros of a project, and what they call: each word that is the name of one."""

    def __init__(self, macros: Mapping[str, Any]) -> None:
        self.texts = [macros[id_]["macro_sql"] for id_ in sorted(macros)]
        self._words: defaultdict[str, set[str]] = defaultdict(set)
        self._asking: set[str] = set()
        self._called: defaultdict[str, set[str]] = defaultdict(set)
        for macro in macros.values():
            name, text = macro["name"], macro["macro_sql"]
            self._words[name] |= _words_of(text)
            self._called[name].add(name)
            # As it is called where targets have one each: adapter.dispatch('concat').
            self._called[name.partition("__")[2] or name].add(name)
            if _asks_elsewhere(text):
                self._asking.add(name)

    def ask_elsewhere(self, words: Collection[str]) -> bool:
        """Whether a macro does that one of these words calls, or one that it calls."""
        seen: set[str] = set()
        waiting = list(words)
        while waiting:
            for name in self._called.get(waiting.pop(), set()) - seen:
                if name in self._asking:
                    return True
                seen.add(name)
                waiting += self._words[name]
        return False


def _settings(macros: _Macros) -> list[str]:
    """The project's settings, and the values of all variables that it asks the environment for."""
    texts = [(PROJECT_DIR / name).read_text(encoding="utf-8") for name in SETTINGS_FILES]
    names = {
        name for text in [*texts, *macros.texts] for name in ENVIRONMENT_VARIABLE.findall(text)
    }
    return [*texts, *(f"{name}={os.environ.get(name)}" for name in sorted(names))]


def _words_of(text: str) -> set[str]:
    return set(WORD.findall(" ".join(JINJA.findall(text))))


def _asks_elsewhere(text: str) -> bool:
    return ASKS_ELSEWHERE.search(" ".join(JINJA.findall(text))) is not None


def _is_test(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "test")


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
