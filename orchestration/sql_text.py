"""Texts and names as SQL writes them."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as SQL writes it.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A column's name as SQL writes it, whatever signs it has.

    Example:
        >>> identifier('a "b" c')
        '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'
