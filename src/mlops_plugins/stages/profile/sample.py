"""Reading a table of any size for a look at it: all its nulls are counted, some of its rows kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from mlops_plugins.artifacts import batches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True)
class Sample:
    """Rows spread evenly over a table, and what is known of all its rows."""

    frame: pd.DataFrame
    rows: int
    nulls: Mapping[str, int]


def read(path: Path, *, max_rows: int) -> Sample:
    """Read every n-th row, so that at most `max_rows` are in memory."""
    with batches.opened(path) as table:
        rows = table.rows
        step = max(-(-rows // max_rows), 1)
        nulls = dict.fromkeys(table.names, 0)
        kept, seen = [], 0
        for batch in table.batches():
            for name in nulls:
                nulls[name] += batch.column(name).null_count
            first = -seen % step
            kept.append(batch.take(pa.array(range(first, batch.num_rows, step), pa.int64())))
            seen += batch.num_rows
        frame = pa.Table.from_batches(kept, schema=table.schema).to_pandas(ignore_metadata=True)
    return Sample(frame, rows, nulls)
