"""The hash of a row's values, which is the same in every version, file and order."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

NULL = 0x6E756C6C6E756C6C


def hashes(batch: pa.RecordBatch, seed: int) -> np.ndarray:
    """Return a number for each row, uniform from 0 to 2**64, of its values and the seed.

    A value counts, not how it is stored: 1 is 1.0 is true, a day is its midnight, a null is NaN.
    Neither do the columns' names, but for the order that they give.
    """
    words = np.column_stack([_words(batch.column(name)) for name in sorted(batch.schema.names)])
    content, width, key = words.astype("<u8").tobytes(), 8 * words.shape[1], str(seed).encode()
    digests = [
        blake2b(content[begin : begin + width], digest_size=8, key=key).digest()
        for begin in range(0, len(content), width)
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _words(values: Any) -> np.ndarray:
    """Return 64 bits for each value of an Arrow array."""
    import pyarrow as pa
    from pyarrow import types as t

    kind = values.type
    if t.is_dictionary(kind):
        return _words(values.dictionary_decode())
    if t.is_timestamp(kind) or t.is_date(kind):
        values = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    elif t.is_boolean(kind) or t.is_time(kind) or t.is_duration(kind):
        values = values.cast(pa.int64())
    if t.is_floating(kind):
        return _words_of_floats(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if t.is_integer(values.type):
        found = values.fill_null(0).to_numpy(zero_copy_only=False)
        words = found.astype(np.int64).view(np.uint64)
    else:
        words = _words_of_texts(values)
    return np.where(values.is_null().to_numpy(zero_copy_only=False), np.uint64(NULL), words)


def _words_of_floats(values: np.ndarray) -> np.ndarray:
    integral = (np.floor(values) == values) & (np.abs(values) < 2.0**63)
    integers = np.where(integral, values, 0).astype(np.int64).view(np.uint64)
    words = np.where(integral, integers, values.view(np.uint64))
    return np.where(np.isnan(values), np.uint64(NULL), words)


def _words_of_texts(values: Any) -> np.ndarray:
    import pyarrow as pa

    texts = [None if value is None else str(value) for value in values.to_pylist()]
    encoded = pa.array(texts, pa.large_string()).dictionary_encode()
    digests = [
        blake2b(text.encode(), digest_size=8).digest() for text in encoded.dictionary.to_pylist()
    ]
    words = np.frombuffer(b"".join([*digests, bytes(8)]), dtype="<u8")
    found: np.ndarray = words[encoded.indices.fill_null(len(digests)).to_numpy()]
    return found
