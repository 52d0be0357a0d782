"""The manifest of what was ingested: read from the Parquet file, without its rows in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.signatures import require_returned, require_written

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow.parquet as pq

    from mlops_plugins.api.context import Context


def build(context: Context, implementation: Any, *, output: Path, manifest: Path) -> None:
    """Ingest, and write beside the table what it is.

    The manifest holds `rows`, `rows_without_target`, `columns` (each one's type), the table's
    `sha256`, the `source` and its `details`, and `time`: the first and the last moment of `data.time`,
    if there is such a column.
    """
    contract = CONTRACTS[Stage.INGEST]
    source: Source | None = implementation.ingest(context, output=output)
    require_written(contract, "output", output)
    require_returned(contract, source, Source, type(None))
    described = _table(context, output)
    if described["rows_without_target"]:
        context.log(
            f"{described['rows_without_target']:,} of {described['rows']:,} rows have no target "
            f"'{context.data.target}': they are in neither training nor test"
        )
    files.write_json(manifest, {**_source(source), **described})


def _source(source: Source | None) -> dict[str, Any]:
    if source is None:  # an implementation for 0.1 says nothing
        return {"source": None, "details": {}}
    return {"source": source.description, "details": dict(source.details)}


def _table(context: Context, path: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        return {
            "rows": table.metadata.num_rows,
            "rows_without_target": _missing(table, context.data.target),
            "columns": {field.name: str(field.type) for field in table.schema_arrow},
            "sha256": files.digest(path),
            "time": _time_range(table, context.data.time),
        }


def _missing(table: pq.ParquetFile, column: str) -> int:
    """Return how many rows have no value in a column; all, if there is no such column."""
    if column not in table.schema_arrow.names:
        return int(table.metadata.num_rows)
    parts = (batch.column(0) for batch in table.iter_batches(columns=[column]))
    return sum(part.is_null(nan_is_null=True).true_count for part in parts)


def _time_range(table: pq.ParquetFile, column: str | None) -> list[str] | None:
    """Return the first and the last time."""
    if column is None or column not in table.schema_arrow.names:
        return None
    import pyarrow.compute as pc

    seen = []
    for batch in table.iter_batches(columns=[column]):
        extremes = pc.min_max(batch.column(0))
        if extremes["min"].is_valid:
            seen.append((str(extremes["min"].as_py()), str(extremes["max"].as_py())))
    return [min(low for low, _ in seen), max(high for _, high in seen)] if seen else None
