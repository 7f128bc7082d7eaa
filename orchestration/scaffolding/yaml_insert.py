"""Puts entries into YAML as text, so that comments and the way it is written stay."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from orchestration.errors import RegularsError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both are safe


def insert_entry(
    text: str,
    path: Sequence[str],
    block: str,
    *,
    file_name: str,
    before: str | None = None,
    is_apart: bool = False,
) -> str:
    r"""Put an entry into a mapping or a list of a YAML text, behind the others.

    Args:
        text: the YAML.
        path: keys that lead to the mapping or list; of a list, the ``name`` of the item.
        block: one entry as it is written, not indented.
        file_name: for errors.
        before: of a list of texts, the item before which it is put; behind the last one if none.
        is_apart: whether a blank line stands before it.

    Returns:
        The text with the entry in it, and else the same.

    Raises:
        RegularsError: the text is no YAML, lacks the place, has the entry already, or would not
            read as before with the entry taken out again.

    Example:
        >>> text = "a:\n  b: 1  # one\n# two\nc: 2\n"
        >>> print(insert_entry(text, ["a"], "d: 3", file_name="x.yml"))
        a:
          b: 1  # one
          d: 3
        # two
        c: 2
        <BLANKLINE>
    """
    node = _find(_compose(text, file_name), path, file_name)
    lines = text.splitlines(keepends=True)
    at, place = _place(node, before, lines)
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    entry = textwrap.indent(block.strip("\n") + "\n", " " * node.start_mark.column)
    new = "".join([*lines[:at], "\n" if is_apart else "", entry, *lines[at:]])
    if not _is_same_but_for(text, new, path, place):
        raise RegularsError(
            f"{file_name} is written in a way that an entry cannot be put into {_shown(path)} by "
            f"itself; write it there by hand:\n{block}"
        )
    return new


def _compose(text: str, file_name: str) -> Any:
    try:
        return yaml.compose(text, LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise RegularsError(
            f"{file_name}{line}: expected YAML, found an error in it "
            f"({getattr(error, 'problem', error)}); mend it first"
        ) from error


def _find(node: Any, path: Sequence[str], file_name: str) -> Any:
    """The mapping or list at a path, which must be written in lines and not be empty."""
    for key in path:
        node = _child(node, key)
    is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value
    if not is_block:
        raise RegularsError(
            f"{file_name} must have entries under {_shown(path)}, one a line, but it has none; "
            "restore the file, as with git checkout"
        )
    return node


def _child(node: Any, key: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode):
        return next((item for item in node.value if _name_of(item) == key), None)
    return None


def _name_of(item: Any) -> str | None:
    name = _child(item, "name") if isinstance(item, yaml.MappingNode) else None
    return name.value if isinstance(name, yaml.ScalarNode) else None


def _place(node: Any, before: str | None, lines: Sequence[str]) -> tuple[int, int]:
    """The line before which an entry goes, and its number among the entries."""
    if before is not None:
        for number, item in enumerate(node.value):
            if item.value == before:
                return item.start_mark.line, number
    return _last_line(node, lines) + 1, len(node.value)


def _last_line(node: Any, lines: Sequence[str]) -> int:
    """The last line of a node that is not blank and no comment behind it."""
    start = int(node.start_mark.line)
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if isinstance(node, yaml.SequenceNode):
            return max(start, _last_line(last, lines))
        key, value = last
        # An alias has the place of its anchor.
        is_alias = value.start_mark.index < key.start_mark.index
        return int(key.end_mark.line) if is_alias else _last_line(value, lines)
    line = int(node.end_mark.line)
    if node.end_mark.column == 0 and line > start:
        line -= 1
    while line > start and not lines[line].strip():
        line -= 1
    return line


def _is_same_but_for(text: str, new: str, path: Sequence[str], place: int) -> bool:
    """Whether a text reads as it did, but for the one entry at a place."""
    former = yaml.load(text, LOADER)
    try:
        value = yaml.load(new, LOADER)
    except yaml.YAMLError:
        return False
    there = value
    for key in path:
        if isinstance(there, list):
            there = next(item for item in there if isinstance(item, dict) and item["name"] == key)
        else:
            there = there[key]
    if len(there) <= place:  # a key that was there already
        return False
    there.pop(place if isinstance(there, list) else list(there)[place])
    return bool(value == former)


def _shown(path: Sequence[str]) -> str:
    return ".".join(path)
