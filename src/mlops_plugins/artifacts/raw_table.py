"""The raw table, read in batches whose columns have one of a few types."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.artifacts.batches import TableFile

MAX_ROWS = 2**17
MAX_VALUES = 2**23
"""What is held at once, in rows and in values; it shows in no output."""


@dataclass(frozen=True)
class Batch:
    """Some rows of the table, as plain arrays, and the number of rows before them."""

    first: int
    rows: int
    columns: Mapping[str, pa.Array]


@dataclass(frozen=True)
class RawTable:
    """A Parquet file; its columns are those that are no stored pandas index.

    Attributes:
        file: The open file.
        stored: The columns' types in the file.
        types: Their plain types, None for what has none.
    """

    file: TableFile
    stored: Mapping[str, pa.DataType]
    types: Mapping[str, pa.DataType | None]

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return self.file.rows

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """Read the rows in order; a column without a plain type is left out."""
        names = [name for name in columns or self.types if self.types[name] is not None]
        max_rows = max(min(MAX_ROWS, MAX_VALUES // max(len(names), 1)), 1)
        first = 0
        for batch in _joined(self.file.batches(names), max_rows):
            values = {name: plain(batch.column(name), self.types[name]) for name in names}
            yield Batch(first, batch.num_rows, values)
            first += batch.num_rows

    def values(self, column: str, rows: Sequence[int]) -> dict[int, Any]:
        """Return a column's values in a few rows, by the rows' numbers from 1."""
        wanted, values = sorted(set(rows)), dict[int, Any]()
        for batch in self.batches([column]) if wanted else ():
            for row in wanted:
                if batch.first < row <= batch.first + batch.rows:
                    values[row] = batch.columns[column][row - batch.first - 1].as_py()
        return values


@contextmanager
def opened(path: Path) -> Iterator[RawTable]:
    """Open the raw table.

    Raises:
        DataError: It is missing or not Parquet.
    """
    with batches.opened(path) as file:
        index = (file.schema.pandas_metadata or {}).get("index_columns", [])
        stored = {field.name: field.type for field in file.schema if field.name not in index}
        yield RawTable(file, stored, {name: plain_type(t) for name, t in stored.items()})


def plain_type(stored: pa.DataType) -> pa.DataType | None:
    """Return the type that stands for this one: int64, double, ...; None if schema.yaml has none."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(stored):
        return plain_type(stored.value_type)
    if types.is_decimal(stored):
        return pa.int64() if stored.scale <= 0 and stored.precision <= 18 else pa.float64()
    for is_of_kind, plain_kind in (
        (types.is_null, stored),
        (types.is_boolean, stored),
        (types.is_uint64, stored),
        (types.is_integer, pa.int64()),
        (types.is_floating, pa.float64()),
        (types.is_timestamp, pa.timestamp("us")),
        (types.is_date, pa.timestamp("us")),
        (types.is_time, stored),
        (types.is_string, stored),
        (types.is_large_string, pa.string()),
        (types.is_string_view, pa.string()),
    ):
        if is_of_kind(stored):
            return plain_kind
    return None


def plain(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Return the values in a plain type: times in UTC, by the microsecond; NaN is null."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type != wanted:
        # Nanoseconds are cut off, as everywhere else.
        array = array.cast(wanted, safe=not types.is_timestamp(wanted))
    if types.is_floating(wanted) and pc.any(pc.is_nan(array)).as_py():
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, wanted), array)
    return array


def _joined(parts: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Join batches to larger ones: each costs its overhead."""
    import pyarrow as pa

    held: list[Any] = []
    for part in parts:
        if held and sum(batch.num_rows for batch in held) + part.num_rows > rows:
            yield pa.concat_batches(held)
            held = []
        held.append(part)
    if held:
        yield pa.concat_batches(held)
