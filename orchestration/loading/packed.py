"""Packed files that gzip reads and DuckDB does not: zeros stand behind what was packed."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.loading.files import duckdb_path, open_binary
from orchestration.loading.formats import GZIP

# Small, since what it unpacks to may be a thousand times as large.
CHUNK = 1 << 16
WITH_GZIP_HEADER = 31


@contextmanager
def readable_path(path: Path, *, is_packed: bool) -> Iterator[tuple[str, str]]:
    """A file as DuckDB can read it: itself, or an unpacked copy that is gone after the block.

    Tapes and copies in blocks fill up the last block with zeros. Programs that unpack pass over
    them, as gzip's own description says.

    Args:
        path: the file, read to its end before, so that what is packed is known to be whole.
        is_packed: by gzip.

    Yields:
        A path for ``read_csv``, and its ``compression``.
    """
    if not (is_packed and is_padded(path)):
        with duckdb_path(path) as text:
            yield text, "gzip" if is_packed else "none"
        return
    with tempfile.TemporaryDirectory(prefix="regulars-unpacked-") as folder:
        copy = Path(folder) / "unpacked"
        with open_binary(path, GZIP) as stream, copy.open("wb") as out:
            shutil.copyfileobj(stream, out)
        with duckdb_path(copy) as text:
            yield text, "none"


def is_padded(path: Path) -> bool:
    """Whether zeros stand behind what is packed.

    Args:
        path: a file that begins as gzip says.
    """
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) != b"\0":
            return False  # else it may be the length of what was packed, whose last byte is high
        stream.seek(0)
        unpacker = zlib.decompressobj(WITH_GZIP_HEADER)
        while chunk := stream.read(CHUNK):
            while chunk:
                if unpacker.eof:  # another part begins here, or none
                    if chunk.startswith(b"\0"):
                        return True
                    unpacker = zlib.decompressobj(WITH_GZIP_HEADER)
                unpacker.decompress(chunk)
                chunk = unpacker.unused_data
    return False
