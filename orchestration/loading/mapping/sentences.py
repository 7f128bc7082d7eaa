"""What is wrong with a mapping, in one sentence: file, line, key, what it holds, what may stand."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from orchestration.loading.mapping.yaml_text import Path, YamlText
from orchestration.paths import quoted, shown_text

MAX_SHOWN = 300


def dotted(path: Path) -> str:
    """A path as a person writes it.

    Example:
        >>> dotted(("rules", 1, "when", 0, "field"))
        'rules[2].when[1].field'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"  # people count from 1
        else:
            text += f".{part}" if text else part
    return text


def fault(name: str, text: YamlText, path: Path, message: str) -> str:
    """A sentence with its place.

    Args:
        name: of the file.
        text: its values and lines.
        path: of the key that is wrong.
        message: what is wrong, and what to do.
    """
    key = f", key {dotted(path)}" if path else ""
    return f"{name}, line {text.line_of(path)}{key}: {message}"


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint at the nearest known word, or nothing.

    Example:
        >>> did_you_mean("curency", ["currency", "layout"])
        "; did you mean 'currency'?"
    """
    words = list(candidates)
    lower = {candidate.lower(): candidate for candidate in reversed(words)}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"; did you mean {lower[near[0]]!r}?" if near else ""


def describe(error: ValidationError, name: str, text: YamlText, model: type[BaseModel]) -> str:
    """The first fault of a mapping by its line, as one sentence.

    Args:
        error: of pydantic.
        name: of the file.
        text: its values and lines.
        model: that the file was held against.
    """
    # A key that is missing may be there with a typo, which is the better thing to say.
    faults = sorted(
        error.errors(),
        key=lambda fault_row: (fault_row["type"] == "missing", text.line_of(_path(fault_row))),
    )
    first = faults[0]
    path = _path(first)
    message = fault(name, text, path, _say(first, path, model))
    other_count = len({_path(fault_row) for fault_row in faults}) - 1
    if other_count:
        message += f" {other_count} more key{'s are' if other_count > 1 else ' is'} wrong."
    return message


def _path(error: Any) -> Path:
    return tuple(error["loc"])


def _say(error: Any, path: Path, model: type[BaseModel]) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        keys = keys_at(model, path[:-1])
        hint = did_you_mean(str(path[-1]), keys)
        listed = ", ".join(sorted(keys))
        return f"no such key is known here{hint or ';'} what may stand here: {listed}."
    if kind == "missing":
        return f"it is missing; add {_expected(model, path)}."
    if kind == "literal_error":
        options = _options(context["expected"])
        hint = did_you_mean(str(value), options)
        return f"it holds {_shown(value)}, expected one of {', '.join(options)}{hint or '.'}"
    if kind == "value_error":
        return f"it holds {_shown(value)}, expected {context['error']}."
    return f"it holds {_shown(value)}, expected {_plain(kind, context, model, path)}."


def _plain(kind: str, context: dict[str, Any], model: type[BaseModel], path: Path) -> str:
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"keys with values below it: {', '.join(sorted(keys_at(model, path)))}"
    expected_by_kind = {
        "string_type": "a text",
        "tuple_type": "a text, or a list like [a, b]",
        "int_parsing": "a whole number",
        "int_type": "a whole number",
        "float_parsing": "a number like 0.97",
        "float_type": "a number like 0.97",
        "bool_parsing": "true or false",
        "bool_type": "true or false",
        "date_from_datetime_parsing": "a day like 2011-12-10",
        "date_parsing": "a day like 2011-12-10",
        "date_type": "a day like 2011-12-10",
        "too_short": "at least one value",
        "string_too_short": "at least one sign",
        "string_too_long": "one sign, such as ',' or \"\\t\"",
        "greater_than_equal": f"{context.get('ge')} or more",
        "greater_than": f"more than {context.get('gt')}",
        "less_than_equal": f"{context.get('le')} or less",
    }
    if kind == "string_pattern_mismatch":
        if path[-1] == "currency":
            return "the three capital letters of a currency, like EUR"
        return "a word of small letters, such as shipping"
    return expected_by_kind.get(kind, kind.replace("_", " "))


def _options(expected: str) -> list[str]:
    return [part.strip(" '") for part in expected.replace(" or ", ", ").split(", ") if part.strip()]


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return f"the keys {shown_text(', '.join(map(str, value)), MAX_SHOWN)}"
    if isinstance(value, list | tuple):
        return f"the list {shown_text(', '.join(map(str, value)), MAX_SHOWN)!r}"
    return repr(value)


def _expected(model: type[BaseModel], path: Path) -> str:
    """What a missing key wants."""
    examples = {
        "version": "`version: 1`",
        "time_zone": "the shop's time zone, like `time_zone: Europe/London`",
        "currency": "the shop's currency, like `currency: EUR`",
        "layout": "`layout:` flat_lines, orders_and_lines or payments_only",
    }
    name = str(path[-1])
    keys = sorted(keys_at(model, path))
    below = f" with {', '.join(keys[:12])}" if keys else ""
    return examples.get(name, f"`{name}:`{below}") if len(path) == 1 else f"`{name}:`{below}"


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand below a path of the mapping; none where no keys may.

    Example:
        >>> from orchestration.loading.mapping.model import ShopMapping
        >>> keys_at(ShopMapping, ("rules", 0))
        ['kind', 'when', 'note']
    """
    part_model: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or part_model is None:
            continue
        info = part_model.model_fields.get(part)
        part_model = None if info is None else _model_in(info.annotation)
    return [] if part_model is None else list(part_model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        if (model := _model_in(inner)) is not None:
            return model
    return None
