"""The checkout that a skeleton is written into, and what a name in it may be."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Collection
from pathlib import Path

import jinja2

from orchestration.errors import RegularsError
from orchestration.paths import quoted, shown_path
from orchestration.scaffolding.words import reserved_words

MODELS = Path("dbt_project/models")
MARTS = MODELS / "marts"
LONGEST_NAME = 50
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def find_project(start: Path) -> Path:
    """The checkout in which somebody stands.

    Args:
        start: the current folder.

    Returns:
        The folder of ``dbt_project.yml``.

    Raises:
        RegularsError: there is none, as where the command was installed without the project's tree.

    Example:
        >>> from orchestration.settings import PROJECT_DIR
        >>> find_project(PROJECT_DIR / "reports" / "pages") == PROJECT_DIR
        True
    """
    for folder in (start, *start.parents):
        if _is_project(folder):
            return folder
    raise RegularsError(
        "expected to be in a checkout of Regulars, a folder with dbt_project.yml and "
        f"dbt_project/models, but {shown_path(start)} is in none; change to the folder of your "
        "clone (git clone makes one) and run the command there"
    )


def _is_project(folder: Path) -> bool:
    described = folder / "dbt_project.yml"
    if not described.is_file() or not (folder / MODELS).is_dir():
        return False
    text = described.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^name:\s*[\"']?regulars\b", text, re.MULTILINE) is not None


def check_name(name: str, kind: str, taken: Collection[str] = ()) -> str:
    """See that a name can be that of a model, a page or a source.

    Args:
        name: as it was typed.
        kind: whose name it is.
        taken: names that are there already.

    Returns:
        The name.

    Raises:
        RegularsError: it is not in lower snake case, too long, reserved or taken.

    Example:
        >>> check_name("repeat_buyers", "mart")
        'repeat_buyers'
    """
    if NAME.fullmatch(name) is None:
        raise RegularsError(
            f"the name of a {kind} must be in lower snake case, like repeat_buyers, got "
            f"{quoted(name)}; write it with small letters, digits and single underscores, a letter "
            "first"
        )
    if len(name) > LONGEST_NAME:
        raise RegularsError(
            f"the name of a {kind} must have at most {LONGEST_NAME} letters, got {len(name)} "
            f"({quoted(name)}); choose a shorter one"
        )
    if keyword.iskeyword(name) or name in reserved_words():
        raise RegularsError(
            f"the name of a {kind} must be no reserved word of SQL or Python, got {quoted(name)}; "
            f"choose another one, such as {name}_list"
        )
    if name in taken:
        raise RegularsError(
            f"the name of a {kind} must be a new one, but {quoted(name)} is taken; choose another "
            "one"
        )
    return name


def relation_names(root: Path) -> set[str]:
    """The names of all models and seeds, which share one space of names."""
    return {
        path.stem
        for pattern in ("dbt_project/models/**/*.sql", "seeds/**/*.csv")
        for path in root.glob(pattern)
    }


def render(template: str, **values: object) -> str:
    """A skeleton's text.

    Args:
        template: its file in ``templates/``; `[[ ]]` and `[% %]` are filled in here, so that the
            braces of dbt and of pages stand as they are.
        values: what it is filled with.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestration.scaffolding"),
        undefined=jinja2.StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yaml"] = _yaml_text
    return environment.get_template(template).render(**values)


def _yaml_text(text: str) -> str:
    """A text as YAML writes it, in quotes if it would be read as something else."""
    is_plain = re.fullmatch(r"[A-Za-z][\w .,;()/'-]*", text) is not None
    is_other = text.lower() in {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
    return text if is_plain and not is_other else json.dumps(text, ensure_ascii=False)
