"""Parquet tables that fit in memory, as stages exchange them; `batches` is for larger ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa


def read(path: Path) -> pa.Table:
    """Read a Parquet file.

    Raises:
        DataError: It is missing or not Parquet.
    """
    import pyarrow.parquet as pq

    with _readable(path):
        return pq.read_table(path)


def count(path: Path) -> int:
    """Return how many rows a Parquet file has; they are not read.

    Raises:
        DataError: It is missing or not Parquet.
    """
    import pyarrow.parquet as pq

    with _readable(path):
        return int(pq.read_metadata(path).num_rows)


def schema_of(path: Path) -> pa.Schema:
    """Return the schema of a Parquet file.

    Raises:
        DataError: It is missing or not Parquet.
    """
    import pyarrow.parquet as pq

    with _readable(path):
        return pq.read_schema(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Explain what is wrong with a Parquet file that is read in the block."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error for a stage's Parquet file that Arrow cannot read."""
    if isinstance(error, FileNotFoundError):
        return DataError(
            f"{path.name} is missing.", where=str(path), next_step="dvc repro, or dvc pull"
        )
    return DataError(
        f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}.",
        where=str(path),
        expected="a Parquet file",
        next_step="dvc checkout --force, or make the file again",
    )


def read_frame(path: Path) -> pd.DataFrame:
    """Read a Parquet file as a data frame."""
    frame: pd.DataFrame = read(path).to_pandas()
    return frame


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file; the same table gives the same bytes."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a data frame without its index."""
    import pyarrow as pa

    write(pa.Table.from_pandas(frame, preserve_index=False), path)
