"""Writing tables piece by piece: bounded memory, and bytes that depend on the rows alone."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts.batches import Writer
from mlops_plugins.artifacts.reading.types import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

ROWS = 65_536
"""Rows of a row group: what is in memory at a time. Another number would change the files' bytes."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def store(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches of this schema as Parquet, however they are cut, and return how many rows.

    Raises:
        DataError: There is no room for them.
    """
    import pyarrow as pa

    rows = 0
    try:
        with Writer(path, schema, group_rows=ROWS) as writer:
            for batch in batches:
                writer.write(batch)
                rows += batch.num_rows
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
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    values: Mapping[str, str | None] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Cast batches to `schema`.

    Columns that they lack have the value that `values` gives as text, or none.
    """
    import pyarrow as pa

    def constant(field: pa.Field) -> Any:
        return pa.scalar((values or {}).get(field.name), pa.string()).cast(field.type)

    for batch in batches:
        own = set(batch.schema.names)
        columns = [
            batch.column(field.name).cast(field.type)
            if field.name in own
            else pa.repeat(constant(field), batch.num_rows)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
