"""Parquet tables that are larger than memory: read in batches, and written row by row."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mlops_plugins.artifacts.tables import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 2**14
"""Rows that are read at once; it shows in no output."""

GROUP_ROWS = 2**18
"""Rows of a row group, which is what a writer holds."""


@dataclass(frozen=True)
class TableFile:
    """An open Parquet file."""

    path: Path
    file: pq.ParquetFile

    @property
    def schema(self) -> pa.Schema:
        """Return the schema, with what pandas noted in it."""
        return self.file.schema_arrow

    @property
    def names(self) -> list[str]:
        """Return the columns' names."""
        return list(self.schema.names)

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return int(self.file.metadata.num_rows)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Read the rows in order, of these columns or of all.

        Raises:
            DataError: The file is damaged.
        """
        import pyarrow as pa

        names = self.names if columns is None else list(columns)
        try:
            # Selected again: Arrow takes "a" for the prefix of "a.b", and reads both.
            for batch in self.file.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
                yield batch.select(names)
        except (pa.ArrowInvalid, OSError) as error:
            raise unreadable(self.path, error) from None

    def last_row(self, columns: Sequence[str] | None = None) -> Mapping[str, Any]:
        """Return the values of the last row, of these columns or of all."""
        group = self.file.read_row_group(self.file.num_row_groups - 1, columns=columns)
        row: Mapping[str, Any] = group.slice(group.num_rows - 1).to_pylist()[0]
        return row


@contextmanager
def opened(path: Path) -> Iterator[TableFile]:
    """Open a Parquet file, of which nothing is read yet but its schema.

    Raises:
        DataError: It is missing or not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without this Arrow reads whole row groups ahead, which may be as large as the file.
        file = pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from None
    with file:
        yield TableFile(path, file)


class Writer:
    """Writes a Parquet file whose bytes depend on its rows alone, not on the batches they come in.

    >>> with Writer(path, batch.schema) as writer:  # doctest: +SKIP
    ...     writer.write(batch)
    """

    def __init__(self, path: Path, schema: pa.Schema, *, group_rows: int = GROUP_ROWS) -> None:
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._group_rows = schema, group_rows
        self._held, self._rows = list[Any](), 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch's rows."""
        while self._rows + batch.num_rows >= self._group_rows:
            missing = self._group_rows - self._rows
            self._hold(batch.slice(0, missing))
            batch = batch.slice(missing)
            self._flush()
        self._hold(batch)

    def _hold(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._rows += batch.num_rows

    def _flush(self) -> None:
        import pyarrow as pa

        # One chunk for each column: where chunks end shows in the pages that Arrow writes.
        group = pa.Table.from_batches(self._held, self._schema).combine_chunks()
        self._held, self._rows = [], 0
        self._file.write_table(group, row_group_size=self._group_rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None and self._rows:
                self._flush()
        finally:
            self._file.close()
