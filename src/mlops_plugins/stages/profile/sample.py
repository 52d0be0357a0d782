"""Reading a table of any size for a look at it: all its nulls are counted, some of its rows kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True)
class Sample:
    """Rows spread evenly over a table, and what is known of the whole."""

    frame: pd.DataFrame
    rows: int
    nulls: Mapping[str, int]


def read(path: Path, *, most_rows: int) -> Sample:
    """Read every n-th row, so that at most `most_rows` are in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        rows = table.metadata.num_rows
        step = max(-(-rows // most_rows), 1)
        nulls = dict.fromkeys(table.schema_arrow.names, 0)
        kept, seen = [], 0
        for batch in table.iter_batches():
            for name in nulls:
                nulls[name] += batch.column(name).null_count
            first = -seen % step
            kept.append(batch.take(pa.array(range(first, batch.num_rows, step), pa.int64())))
            seen += batch.num_rows
        frame = pa.Table.from_batches(kept, schema=table.schema_arrow).to_pandas(
            ignore_metadata=True
        )
    return Sample(frame, rows, nulls)
