"""Rows with the dtypes that the schema gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError, did_you_mean, listed
from mlops_plugins.artifacts.schema.dtypes import convert, expected

if TYPE_CHECKING:
    import pandas as pd

    from mlops_plugins.artifacts.schema.description import Column, Schema


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give the schema's columns, in its order, the one dtype that each type has.

    Training, batches and requests all pass here, so a model always sees the same dtypes:
    `mlops_plugins.artifacts.schema.dtypes.convert` says which.

    Raises:
        DataError: A column is missing, or a value cannot be read as the column's type.
    """
    import pandas as pd

    missing = [name for name in schema.columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"The column '{missing[0]}' is missing.{did_you_mean(missing[0], map(str, frame.columns))}",
            where=f"columns: {listed(frame.columns)}",
            expected=listed(schema.columns),
            next_step="add the column, or correct the schema",
        )
    converted = {}
    for name, column in schema.columns.items():
        converted[name], unreadable = convert(frame[name], column)
        if unreadable.any():
            raise _unreadable(frame[name], int(unreadable.argmax()), column)
    return pd.DataFrame(converted, index=frame.index)


def _unreadable(series: pd.Series[Any], position: int, column: Column) -> DataError:
    value = series.iloc[position]
    return DataError(
        f"The column '{series.name}' holds {getattr(value, 'item', lambda: value)()!r}, "
        f"which is no {column.type}.",
        where=f"column {series.name}, row {position + 1}",
        expected=expected(column),
        next_step="correct the value, or the column's type in schema.yaml",
    )
