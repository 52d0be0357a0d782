"""Whether a table that was ingested has something to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts import batches

if TYPE_CHECKING:
    from pathlib import Path


def check(table: Path, target: str, *, where: str) -> None:
    """Go on only with a Parquet file whose target has at least two values.

    Args:
        table: The Parquet file.
        target: The column.
        where: The source of the table, for the error.

    Raises:
        DataError: The target is no column, or has fewer than two different values.
    """
    with batches.opened(table) as file:
        names = file.names
        if target not in names:
            raise DataError(
                f"The target '{target}' is no column of {where.rstrip('/').rpartition('/')[2]}."
                f"{did_you_mean(target, names)}",
                where=f"{where}: header",
                expected=", ".join(names),
                next_step="correct data.target in conf/config.yaml, or the data",
            )
        values = set()
        for batch in file.batches([target]):
            values |= set(batch.column(0).drop_null().unique().to_pylist())
            if len(values) > 1:
                return
    content = f"only the value {values.pop()!r}" if values else "no value at all"
    raise DataError(
        f"The target '{target}' has {content}: there is nothing to learn.",
        where=f"{where}: column {target}",
        expected="at least two different values",
        next_step="check the column, or data.target in conf/config.yaml",
    )
