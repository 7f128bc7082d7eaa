"""Writes the demo shop's CSV files, and makes their columns from numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from orchestration.sources.olist.draws import BoolArray, FloatArray, IntArray


class CsvWriters:
    """One open CSV writer per growing file, made at the first table that is written to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: dict[str, pa_csv.CSVWriter] = {}

    def __enter__(self) -> CsvWriters:
        """Files are opened at their first rows."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close all files."""
        for writer in self.open.values():
            writer.close()

    def write(self, stem: str, columns: dict[str, Any]) -> None:
        """Append rows to the file of this name."""
        table = pa.table(columns)
        if stem not in self.open:
            options = pa_csv.WriteOptions(quoting_style="needed")
            self.open[stem] = pa_csv.CSVWriter(
                str(self.folder / f"{stem}.csv"), table.schema, write_options=options
            )
        self.open[stem].write_table(table)


def write_whole_file(folder: Path, stem: str, columns: dict[str, Any]) -> None:
    """Write a file that is known all at once."""
    with CsvWriters(folder) as writers:
        writers.write(stem, columns)


def to_texts(values: tuple[str, ...] | list[str], codes: IntArray, mask: Any = None) -> pa.Array:
    """The text of each code; null where the mask is true."""
    return pa.array(list(values), pa.string()).take(pa.array(codes, mask=mask))


def to_timestamps(seconds: FloatArray | IntArray, mask: BoolArray | None = None) -> pa.Array:
    """Seconds since 1970 as timestamps; null where the mask is true."""
    whole = np.floor(seconds).astype(np.int64)
    return pa.array(whole, pa.timestamp("s"), mask=mask)


def to_prefixes(codes: IntArray) -> pa.Array:
    """Zip prefixes as texts of five digits."""
    return pa.array([f"{code:05d}" for code in range(100_000)]).take(pa.array(codes))


def to_money(cents: IntArray) -> pa.Array:
    """Cents as amounts."""
    return pa.array(cents / 100.0)
