"""YAML as a person wrote it: every value stays the text that it is, and knows its line.

YAML itself would make a boolean of the country ``NO``, a number of the postal code ``01113`` and a
date of ``2011-12-10``. What a value is to be, the model of the mapping knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from orchestration.errors import InputError
from orchestration.paths import quoted

Path = tuple[str | int, ...]
# No mapping comes near it; aliases of aliases do.
MAX_NODES = 50_000
# Tags that plain YAML gives by itself; all others were written by somebody.
TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value")
}
EMPTY = {"", "~", "null", "Null", "NULL"}


@dataclass
class YamlText:
    """A YAML document of texts.

    Attributes:
        value: dicts, lists, texts and None.
        lines: path of keys and positions to the line on which it stands.
    """

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a path, or of what is around it.

        Args:
            path: keys of mappings and positions in lists.
        """
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(text: str, name: str) -> YamlText:
    r"""Read a YAML document, its values left as texts.

    Args:
        text: the document.
        name: of its file, for errors.

    Raises:
        InputError: it is no YAML, has a key twice, or uses a tag or a merge key.

    Example:
        >>> parse_yaml("codes: [no, 01113]\nday: 2011-12-10", "shop.yml").value
        {'codes': ['no', '01113'], 'day': '2011-12-10'}
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError(
            f"{name}, line {line}: this is no YAML ({error.problem or error.context}); expected "
            "lines like `key: value`, indented by blanks, and quotes around text with a colon, a "
            "# or a % at its beginning."
        ) from error
    except yaml.YAMLError as error:
        raise InputError(
            f"{name}, line 1: this is no text in UTF-8 ({error}); save the file as UTF-8."
        ) from error
    document = YamlText()
    reader = _Reader(document, name)
    document.value = None if root is None else reader.read(root, ())
    return document


class _Reader:
    """Turns the nodes of a document into texts, and keeps their lines."""

    def __init__(self, document: YamlText, name: str) -> None:
        self.document, self.name, self.count = document, name, 0

    def read(self, node: Any, path: Path) -> Any:
        self.count += 1
        line = node.start_mark.line + 1
        if self.count > MAX_NODES or len(path) > 20:
            raise InputError(
                f"{self.name}, line {line}: expected a mapping of at most {MAX_NODES:,} values, "
                "found more; write aliases out, or remove them."
            )
        self.document.lines.setdefault(path, line)
        if node.tag not in TAGS:
            raise InputError(
                f"{self.name}, line {line}: the tag {quoted(node.tag)} may not stand here; remove "
                "it."
            )
        if isinstance(node, yaml.ScalarNode):
            is_plain = node.style is None
            return None if is_plain and node.value in EMPTY else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, number)) for number, child in enumerate(node.value)]
        return self._read_mapping(node, path)

    def _read_mapping(self, node: Any, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                raise InputError(
                    f"{self.name}, line {line}: expected a plain key, found "
                    f"{quoted(getattr(key, 'value', None) and str(key.value))}; write it out."
                )
            if key.value in mapping:
                first = self.document.lines[(*path, key.value)]
                raise InputError(
                    f"{self.name}, line {line}: the key {quoted(key.value)} stands there twice, "
                    f"first on line {first}; keep one of them."
                )
            self.document.lines[(*path, key.value)] = line
            mapping[key.value] = self.read(child, (*path, key.value))
        return mapping
