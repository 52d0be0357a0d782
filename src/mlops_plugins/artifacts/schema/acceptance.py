"""Which raw rows a model predicts, the same at every door: service, file, MLflow, monitor, one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError, listed
from mlops_plugins.artifacts.schema.conversion import conform
from mlops_plugins.artifacts.schema.dtypes import EXPECTED, kind

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlops_plugins.artifacts.schema.description import Column, Schema


def accept(rows: pd.DataFrame, described: Schema, *, refuse: bool = True) -> pd.DataFrame:
    """Give rows to predict the schema's dtypes; categories that it does not list become missing.

    A column that is not there is missing in each row, as a key is that a request leaves out. Ranges
    are not enforced: what is out of range is for the monitor to report.

    Args:
        rows: Raw rows.
        described: The schema of the columns that the model takes.
        refuse: Whether to refuse what the schema does not allow. If not, it becomes missing.

    Raises:
        DataError: A column is not there that may not be missing, a value cannot be read, or one is not
            allowed: a missing one, an infinity, a category that is not listed where `unseen` is `refuse`.
    """
    typed = conform(rows.assign(**dict.fromkeys(absent(rows, described))), described)
    for name, column in described.columns.items():
        series = typed[name]
        infinite, unseen = _infinite(series), _unseen(series, column)
        if refuse:
            _refuse_values(series, column, infinite, unseen)
        if infinite.any() or unseen.any():
            typed[name] = _without(series, infinite | unseen)
    return typed


def absent(rows: pd.DataFrame, described: Schema) -> list[str]:
    """Return the columns that rows may lack, and do."""
    columns = described.columns.items()
    return [name for name, each in columns if not each.refuses_nulls and name not in rows.columns]


def _refuse_values(
    series: pd.Series[Any], column: Column, infinite: np.ndarray, unseen: np.ndarray
) -> None:
    """Go on only if the schema allows each value.

    Raises:
        DataError: It does not.
    """
    change = f"correct the value; or change {series.name} in schema.yaml, and train again"
    if column.refuses_nulls and series.isna().any():
        raise _refusal(series, series.isna().to_numpy(), column, "has no value", change)
    if infinite.any():
        raise _refusal(series, infinite, column, "holds an infinity", change)
    if column.refuses_unseen and unseen.any():
        value = series.iloc[int(unseen.argmax())]
        what = f"holds {getattr(value, 'item', lambda: value)()!r}, which is none of its categories"
        change = (
            f"correct the value; or write `unseen: as missing` at {series.name} in schema.yaml, "
            "and train again"
        )
        raise _refusal(series, unseen, column, what, change)


def _infinite(series: pd.Series[Any]) -> np.ndarray:
    import numpy as np

    if series.dtype.kind != "f":
        return np.zeros(len(series), dtype=bool)
    return np.asarray(np.isinf(series.to_numpy()))


def _unseen(series: pd.Series[Any], column: Column) -> np.ndarray:
    import numpy as np

    if column.type != "category" or not column.values:
        return np.zeros(len(series), dtype=bool)
    known = map(str, column.values) if kind(column) == "text category" else column.values
    return np.asarray(~series.isin(list(known)) & series.notna())


def _without(series: pd.Series[Any], missing: np.ndarray) -> pd.Series[Any]:
    """Make values missing, as `convert` writes those: None in text, NaN in numbers."""
    return series.where(~missing, None) if series.dtype == object else series.mask(missing)


def _refusal(
    series: pd.Series[Any], refused: np.ndarray, column: Column, what: str, next_step: str
) -> DataError:
    return DataError(
        f"The column '{series.name}' {what}.",
        where=f"column {series.name}, row {int(refused.argmax()) + 1}",
        expected=wanted(column),
        next_step=next_step,
    )


def wanted(column: Column) -> str:
    """Say what a value of the column looks like."""
    if column.values:
        return f"one of {listed(column.values)}"
    return EXPECTED.get(kind(column), "text")
