"""Random draws of the demo shop, and the types of its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def make_hex_ids(rng: np.random.Generator, count: int) -> pa.Array:
    """So many random identifiers of 32 hexadecimal digits, as a string array."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    octets = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    text = np.empty((count, 32), dtype=np.uint8)
    text[:, 0::2] = digits[octets >> 4]
    text[:, 1::2] = digits[octets & 15]
    offsets = np.arange(0, 32 * (count + 1), 32, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), count, buffers)


def pick(rng: np.random.Generator, shares: Any, count: int) -> IntArray:
    """Indices drawn with the given weights (they need not sum to 1)."""
    return locate(shares, rng.random(count))


def locate(shares: Any, drawn: FloatArray) -> IntArray:
    """The index into whose part of the shares each number from 0 to 1 falls."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.asarray(np.searchsorted(edges, drawn * edges[-1], side="right"), dtype=np.int64)
