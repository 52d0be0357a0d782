"""Finding what occurs more than once among more rows than memory holds, by hashes on disk."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import types

from mlops_plugins.stages.validate.findings import MAX_EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable


PARTS = 64
"""Equal hashes are in the same part, and one part is sorted at a time."""

IN_MEMORY = 2**20
"""Bytes of a part that are held before it goes to disk."""


@dataclass(frozen=True)
class Repeated:
    """What occurs more than once.

    Attributes:
        rows: How many rows repeat an earlier one.
        pairs: How many pairs of equal rows there are.
        examples: The first rows that repeat another, with that one's number, both from 1.
    """

    rows: int
    pairs: int
    examples: list[tuple[int, int]]


class Repeats:
    """Takes 64-bit hashes, 16 bytes a row; two different values are equal once in 10^19 pairs."""

    def __init__(self) -> None:
        self._parts = [SpooledTemporaryFile(IN_MEMORY) for _ in range(PARTS)]  # noqa: SIM115  open as long as this

    def add(self, hashes: np.ndarray, rows: np.ndarray) -> None:
        """Add the hashes of rows, given by their numbers."""
        parts = (hashes % np.uint64(PARTS)).astype(np.uint8)
        order = np.argsort(parts, kind="stable")
        pairs = np.stack([hashes[order], rows[order].astype(np.uint64)], axis=1)
        ends = np.cumsum(np.bincount(parts, minlength=PARTS))
        for part, chunk in zip(self._parts, np.split(pairs, ends[:-1]), strict=True):
            part.write(chunk.tobytes())

    def repeated(self) -> Repeated:
        """Return what occurred more than once; call it once, as it uses the hashes up."""
        rows, pairs, examples = 0, 0, list[tuple[int, int]]()
        for part in self._parts:
            with part:
                part.seek(0)
                table = np.frombuffer(part.read(), dtype=np.uint64).reshape(-1, 2)
            table = table[np.argsort(table[:, 0], kind="stable")]
            again = np.flatnonzero(table[1:, 0] == table[:-1, 0]) + 1
            if len(again):
                _, starts, sizes = np.unique(table[:, 0], return_index=True, return_counts=True)
                rows += len(again)
                pairs += int((sizes * (sizes - 1) // 2).sum())
                first = starts[np.searchsorted(starts, again, side="right") - 1]
                examples += zip(table[again, 1].tolist(), table[first, 1].tolist(), strict=True)
                examples = sorted(examples)[:MAX_EXAMPLES]
        return Repeated(rows, pairs, examples)


def hashes(array: pa.Array | pa.DictionaryArray) -> np.ndarray:
    """Return a 64-bit hash of each value; that of a null is like any other's."""
    if types.is_null(array.type):
        return np.zeros(len(array), dtype=np.uint64)
    if types.is_string(array.type) or types.is_time(array.type):
        array = array.dictionary_encode()
    if types.is_dictionary(array.type):
        words = np.array([str(each) for each in array.dictionary.to_pylist()], dtype=object)
        of_words: np.ndarray = np.append(
            pd.util.hash_array(words, categorize=False), np.uint64(_NULL)
        )
        places = array.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
        of_values: np.ndarray = of_words[places]
        return of_values
    if types.is_timestamp(array.type) or types.is_boolean(array.type):
        array = array.cast(pa.int64())
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    hashed: np.ndarray = pd.util.hash_array(values)
    if array.null_count:
        hashed = np.where(array.is_null().to_numpy(zero_copy_only=False), np.uint64(_NULL), hashed)
    return hashed


_NULL = 0x9E3779B97F4A7C15


def of_rows(columns: Iterable[Any]) -> np.ndarray:
    """Return one hash for each row from its values' hashes; the order of columns counts."""
    first, *others = columns
    combined: np.ndarray = first.copy()
    for each in others:
        combined = (combined * np.uint64(0x100000001B3)) ^ each
    return combined
