"""What a file holds, told from its first bytes and not from its name."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from pathlib import Path

from orchestration.errors import InputError

CSV, GZIP, PARQUET = "csv", "gzip", "parquet"
FORMAT_OF_SUFFIX = {".csv": CSV, ".csv.gz": GZIP, ".parquet": PARQUET}
FORMAT_NAMES = {CSV: "plain text", GZIP: "text packed by gzip", PARQUET: "Parquet"}
HEAD_BYTES = 4096
# What people save, download or rename in place of a CSV file, by the bytes that it begins with.
OTHER_BEGINNINGS = {
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"\x28\xb5\x2f\xfd": "data packed by zstd",
    b"BZh9": "data packed by bzip2",
    b"\xfd7zXZ\x00": "data packed by xz",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x04\x22\x4d\x18": "data packed by lz4",
    b"\xff\x06\x00\x00sNaPpY": "data packed by snappy",
    b"%PDF-": "a PDF document",
    b"SQLite format 3\x00": "a SQLite database",
    b"ARROW1": "an Arrow (Feather) file",
    b"Obj\x01": "an Avro file",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"{\\rtf": "an RTF document",
}
MARKUP = {
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML file",
    b'{"': "JSON",
    b"{\n": "JSON",
    b"[{": "JSON",
    b"[\n": "JSON",
}
# Members of a ZIP archive that make it a workbook.
WORKBOOKS = {
    "xl/workbook.xml": "an Excel workbook (.xlsx)",
    "xl/workbook.bin": "an Excel workbook (.xlsb)",
    "content.xml": "an OpenDocument spreadsheet",
}


def find_format(path: Path, suffix: str) -> str:
    """How a file has to be read: as CSV, as CSV packed by gzip, or as Parquet.

    Packed text or Parquet under another name is read as what it is.

    Args:
        path: the file.
        suffix: what its name ends with; a key of ``FORMAT_OF_SUFFIX``.

    Returns:
        ``CSV``, ``GZIP`` or ``PARQUET``.

    Raises:
        InputError: it is empty, no file, or holds something that the loader does not read.
    """
    head = _read_head(path)
    expected = FORMAT_OF_SUFFIX[suffix]
    if not head:
        raise InputError(
            f"{path.name} is empty (0 bytes); expected a header line and rows. Export it again."
        )
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith(b"\x1f\x8b"):
        return _inside_gzip(path)
    other = _other_name(path, head)
    if other is not None:
        raise InputError(
            f"{path.name} holds {other}, expected {FORMAT_NAMES[expected]}; save the table as CSV "
            f"in UTF-8 (or as Parquet) and load again."
        )
    if expected == GZIP:
        raise InputError(
            f"{path.name} cannot be unpacked: it holds plain text, not gzip; call it "
            f"{path.name.removesuffix('.gz')}. If it was packed, it is damaged: Export it again."
        )
    if expected == PARQUET:
        raise InputError(
            f"{path.name} cannot be read as Parquet: it holds plain text; if that is CSV, call it "
            f"{path.name.removesuffix('.parquet')}.csv. Otherwise: Export it again."
        )
    return CSV


def _read_head(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "no regular file"
            raise InputError(f"{path.name} cannot be opened: it is {kind}. Put the file there.")
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be opened: {error.strerror or error}. Mend that, or export it "
            "again."
        ) from error


def _inside_gzip(path: Path) -> str:
    try:
        with gzip.GzipFile(path) as stream:
            head = stream.read1(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name} cannot be unpacked: {error}. The file may have been cut off; copy it "
            "again. If that does not help: Export it again."
        ) from error
    if not head:
        raise InputError(
            f"{path.name} is empty once unpacked (0 bytes); expected a header line and rows. "
            "Export it again."
        )
    inside = _other_name(None, head)
    if head.startswith(b"\x1f\x8b"):
        inside = "another file packed by gzip"
    elif head.startswith(b"PAR1"):
        inside = "Parquet"
    elif head[257:262] == b"ustar":
        inside = "a tar archive"
    if inside is not None:
        raise InputError(
            f"{path.name} is packed by gzip and holds {inside}, expected CSV; unpack it and load "
            "again."
        )
    return GZIP


def _other_name(path: Path | None, head: bytes) -> str | None:
    """What the bytes are if they are no CSV, as far as their beginning says so."""
    for beginning, name in OTHER_BEGINNINGS.items():
        if head.startswith(beginning):
            return (_workbook_name(path) if path and beginning.startswith(b"PK") else None) or name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, name in MARKUP.items():
        if text.startswith(beginning):
            return name
    return None


def _workbook_name(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return None
    return next((name for member, name in WORKBOOKS.items() if member in members), None)
