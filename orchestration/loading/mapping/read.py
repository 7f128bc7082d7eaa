"""Reads ``shop.yml``: a mapping that holds together, or one sentence that says what is wrong."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from orchestration.errors import InputError
from orchestration.loading.mapping.checks import find_contradictions
from orchestration.loading.mapping.model import VERSION, ShopMapping
from orchestration.loading.mapping.place import MAPPING_NAME
from orchestration.loading.mapping.sentences import describe, fault
from orchestration.loading.mapping.yaml_text import parse_yaml
from orchestration.paths import shown_path


def read_mapping(path: Path) -> ShopMapping:
    """Read a mapping.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read, or a key is wrong; one sentence names file, line and key,
            what it holds and what may stand there.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"the mapping {shown_path(path)} cannot be read ({error.strerror or error}); write one "
            "with `regulars init DATA_FOLDER`."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: expected text in UTF-8, but byte {error.start + 1} is "
            f"0x{error.object[error.start]:02x}; save the file as UTF-8."
        ) from error
    return parse_mapping(text, path.name)


def parse_mapping(text: str, name: str = MAPPING_NAME) -> ShopMapping:
    """Read a mapping from its text.

    Args:
        text: YAML.
        name: of its file, for errors.

    Raises:
        InputError: a key is wrong.
    """
    document = parse_yaml(text, name)
    if not isinstance(document.value, dict):
        held = "nothing" if document.value is None else "no keys"
        raise InputError(
            f"{name}, line 1: it holds {held}, expected a mapping that begins with `version: 1`; "
            "write one with `regulars init DATA_FOLDER`."
        )
    version = document.value.get("version")
    if version is not None and version != str(VERSION):
        message = (
            f"it holds {version!r}, expected {VERSION}, which this Regulars reads; write the "
            "mapping anew with `regulars init`, or use the Regulars that wrote it."
        )
        raise InputError(fault(name, document, ("version",), message))
    try:
        mapping = ShopMapping.model_validate(
            {**document.value, **({"version": 1} if version else {})}
        )
    except ValidationError as error:
        raise InputError(describe(error, name, document, ShopMapping)) from error
    for path, message in find_contradictions(mapping):
        raise InputError(fault(name, document, path, message))
    return mapping
