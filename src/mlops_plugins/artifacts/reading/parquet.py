"""Parquet files, with plain types."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.reading import errors, headers
from mlops_plugins.artifacts.reading.types import plain_schema
from mlops_plugins.artifacts.reading.writer import fitted, store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.artifacts.reading import ReadOptions


def convert(
    source: Path, output: Path, *, name: str, options: ReadOptions, types: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the rows with plain types, or those given; return how many there are.

    Raises:
        DataError: It is no Parquet, damaged, or a column cannot be read as the type that is given.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Not `batches.opened`, whose errors are about files of the pipeline.
        with pq.ParquetFile(source, pre_buffer=False) as file:
            schema, subject = file.schema_arrow, f"The data file {PurePath(name).name}"
            headers.check(schema.names, subject, where=f"{name}: header")
            wanted = plain_schema(
                pa.schema([(each.name, types.get(each.name, each.type)) for each in schema])
            )
            return {"rows": store(output, wanted, fitted(file.iter_batches(), wanted))}
    except (pa.ArrowException, OSError) as error:
        raise errors.unreadable(
            name,
            error,
            expected="a Parquet file",
            next_step="make the file again, or fetch it again",
        ) from None
