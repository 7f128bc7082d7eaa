"""How a text file is written, told from its bytes: its encoding, its delimiter, its header."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from pathlib import Path

from orchestration.loading.files import open_binary

HEAD_ROWS = 60
DELIMITERS = (",", ";", "\t", "|")


def find_encoding(path: Path, file_format: str, notes: list[str]) -> str:
    """The encoding of a text file; what is taken without being certain is noted."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_binary(path, file_format) as stream:
        first = stream.read(4)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        chunk = first
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read1(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            notes.append(
                f"{path.name} is not UTF-8 (byte 0x{byte:02x}); windows-1252 is taken. See that "
                "letters with accents are right."
            )
            return "windows-1252"
    return "utf-8"


def find_dialect(name: str, text: str, notes: list[str]) -> tuple[str, int]:
    """The delimiter, and the line of the header: of the delimiters the one that splits evenly."""
    best: tuple[float, int, str, list[list[str]]] = (0.0, 0, ",", [])
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(text.splitlines(keepends=True)[:HEAD_ROWS], delimiter=delimiter))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = widths.most_common(1)[0]
            score = count / max(1, len([row for row in rows if row]))
            if (round(score, 2), width) > best[:2]:
                best = (round(score, 2), width, delimiter, rows)
    score, width, delimiter, rows = best
    if not width:
        notes.append(f"{name} has one column only, whatever separates its values.")
        return ",", 1
    if score < 0.9:
        notes.append(f"{name}: {delimiter!r} separates values in {score:.0%} of its first rows.")
    line = 1
    for row in rows:
        if len(row) == width and all(value.strip() for value in row):
            break
        line += 1 + sum(value.count("\n") for value in row)
    else:
        line = next((n for n, row in enumerate(rows, 1) if len(row) == width), 1)
    if line > 1:
        notes.append(f"{name}: the names of its columns seem to stand on line {line}.")
    return delimiter, line
