"""Writing tables piece by piece: bounded memory, and bytes that depend on the rows alone."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts.reading.types import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

ROWS = 65_536
"""Rows of a row group: what is in memory at a time."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def store(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches of this schema as Parquet, however they are cut, and return how many rows.

    Raises:
        DataError: There is no room for them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for table in _cut(schema, batches):
                # Pages end where chunks end, so that chunks as they came would show in the bytes.
                writer.write_table(table.combine_chunks(), row_group_size=ROWS)
                rows += table.num_rows
    except (OSError, pa.ArrowException) as error:
        if getattr(error, "errno", None) not in FULL:
            raise
        raise DataError(
            "There is no room to write the data.",
            where=f"{path.parent}: {' '.join(str(error).split())[:200]}",
            expected="space for the table, twice: once in .mlops/cache and once in data/",
            next_step="free some space (`dvc gc --workspace` helps), or raise the limit; then again",
        ) from None
    return rows


def _cut(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut batches anew, into tables of exactly ROWS rows and the rest."""
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            whole = pa.Table.from_batches(held, schema)
            full = rows - rows % ROWS
            for start in range(0, full, ROWS):
                yield whole.slice(start, ROWS)
            held, rows = whole.slice(full).to_batches(), rows - full
    if rows:
        yield pa.Table.from_batches(held, schema)


def union(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Return the columns of all schemas in the order they appear, each of a type that holds all."""
    import pyarrow as pa

    types: dict[str, Any] = {}
    for schema in schemas:
        for field in schema:
            known = types.get(field.name)
            types[field.name] = field.type if known is None else joined(known, field.type)
    return pa.schema(list(types.items()))


def fitted(
    part: Path, schema: pa.Schema, values: Mapping[str, str | None] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file as batches of `schema`.

    Columns that it lacks have the value that `values` gives as text, or none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def constant(field: pa.Field) -> Any:
        return pa.scalar((values or {}).get(field.name), pa.string()).cast(field.type)

    with pq.ParquetFile(part) as table:
        own = set(table.schema_arrow.names)
        for batch in table.iter_batches(ROWS):
            columns = [
                batch.column(field.name).cast(field.type)
                if field.name in own
                else pa.repeat(constant(field), batch.num_rows)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def schema_of(part: Path) -> pa.Schema:
    """Return the schema of a Parquet file."""
    import pyarrow.parquet as pq

    return pq.read_schema(part)
