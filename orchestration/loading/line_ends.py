"""Line ends that DuckDB does not read: found only after a fault, and then line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BufferedIOBase

from orchestration.paths import quoted

LINE_END = re.compile(rb"(?:\r*\n|\r+)$")
A_BARE_RETURN = "a bare \\r, the line end of old Macs,"
BARE_RETURN = f"{A_BARE_RETURN} stands outside of quotes"
ONE_END = (
    "Export the file with one line end throughout, \\n or \\r\\n, and with quotes around text that "
    "holds line breaks"
)


def find_odd_line_end(
    stream: BufferedIOBase,
    header: Sequence[str],
    *,
    first_line: int = 1,
    delimiter: str = ",",
    quote: str = '"',
    encoding: str = "utf-8",
) -> str:
    r"""Where the first line ends otherwise than the header, or has a bare ``\r``, and what is odd.

    Args:
        stream: at the beginning of the header.
        header: names of the columns.
        first_line: the number of the header's line.
        delimiter: between values.
        quote: around a value.
        encoding: one in which line ends, delimiter and quote are single bytes.

    Returns:
        The line, the column and what is odd, for a sentence; nothing where no line is odd.

    Example:
        >>> import io
        >>> find_odd_line_end(io.BytesIO(b"id,city\ns1,recife\r\n"), ["id", "city"])
        'line 2: the row ends in \\r\\n, but the header in \\n'
    """
    mark, between = quote.encode(), delimiter.encode()
    is_quoted, place, header_end = False, 0, b""
    for line, raw in enumerate(stream, first_line):
        ending = LINE_END.search(raw)
        end = ending[0] if ending else b""
        parts = raw[: len(raw) - len(end)].split(mark)
        for number, part in enumerate(parts):
            if number % 2 == is_quoted:
                if (at := part.find(b"\r")) >= 0:
                    place += part[:at].count(between)
                    name = header[place] if place < len(header) else str(place + 1)
                    value = part[:at].split(between)[-1] + part[at:].split(between)[0]
                    text = value.decode(encoding, errors="backslashreplace")
                    return (
                        f"line {line}, column {name}: {quoted(text)} holds {A_BARE_RETURN} outside "
                        "of quotes"
                    )
                place += part.count(between)
        is_quoted ^= len(parts) % 2 == 0
        if is_quoted:
            continue  # the row goes on
        place = 0
        if not header_end:
            header_end = end
            if end not in {b"\n", b"\r\n"}:
                return f"line {line}: the header ends in {_shown(end)}"
        elif end not in {header_end, b""}:
            return (
                f"line {line}: the row ends in {_shown(end)}, but the header in "
                f"{_shown(header_end)}"
            )
    return ""


def _shown(end: bytes) -> str:
    return end.decode().replace("\r", "\\r").replace("\n", "\\n")
