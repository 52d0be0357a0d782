"""Parquet tables that are larger than memory: read in batches, and written row by row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 2**14
"""Rows that are read at once; it shows in no output."""

GROUP_ROWS = 2**18
"""Rows of a row group, which is what a writer holds."""


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file, of which nothing is read yet but its schema.

    Raises:
        DataError: It is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without this Arrow reads whole row groups ahead, which may be as large as the file.
        file = pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from None
    with file:
        yield file


def read(
    file: pq.ParquetFile, path: Path, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a file's rows in order, of these columns or of all.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow as pa

    names = list(file.schema_arrow.names if columns is None else columns)
    try:
        # Selected again: Arrow takes "a" for the prefix of "a.b", and reads both.
        for batch in file.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
            yield batch.select(names)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}.",
        where=str(path),
        expected="a Parquet file",
        next_step="dvc checkout --force, or make the file again",
    )


class Writer:
    """Writes a Parquet file whose bytes depend on its rows alone, not on the batches they come in.

    >>> with Writer(path, batch.schema) as writer:  # doctest: +SKIP
    ...     writer.write(batch)
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._held, self._rows = schema, list[Any](), 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch's rows."""
        while self._rows + batch.num_rows >= GROUP_ROWS:
            missing = GROUP_ROWS - self._rows
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
        self._file.write_table(group, row_group_size=GROUP_ROWS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None and self._rows:
            self._flush()
        self._file.close()
