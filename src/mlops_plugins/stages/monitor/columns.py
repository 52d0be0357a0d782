"""The columns that a monitor reads: one at a time, as numbers or as text."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow.dataset

from mlops_plugins.artifacts.predicted import name_of
from mlops_plugins.artifacts.schema import Column

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.artifacts.schema import Schema

NUMERIC: Final = ("integer", "number")

PREDICTIONS: Final[dict[str, Column]] = {
    "score": Column(type="number"),
    "prediction": Column(type="category"),
}
"""What a monitor's tables hold beside the raw columns, by the names of `predictions`."""


def predictions(schema: Schema) -> dict[str, Column]:
    """Return what the tables hold beside the raw columns, under names that are none of theirs."""
    return {name_of(name, schema.columns): column for name, column in PREDICTIONS.items()}


MAXIMUM_ROWS: Final = 20_000
"""Numeric tests and the bootstrap use a fixed sample of this size from larger tables.

At this size an effect is known to a hundredth of a standard deviation: far finer than the floor.
"""


@dataclass(frozen=True)
class Table:
    """A Parquet file that is read a column at a time: a window may be larger than memory."""

    path: Path
    names: frozenset[str]
    rows: int

    @classmethod
    def open(cls, path: Path) -> Table:
        """Look at a file's columns and length only."""
        table = pyarrow.dataset.dataset(path)
        return cls(path, frozenset(table.schema.names), table.count_rows())

    def read(self, name: str) -> pd.Series[Any] | None:
        """Return a column, or None if there is none of that name."""
        if name not in self.names:
            return None
        return pd.read_parquet(self.path, columns=[name])[name].reset_index(drop=True)


def floats(series: pd.Series[Any]) -> np.ndarray:
    """Return a column as floats; what is no number becomes NaN."""
    numeric = pd.to_numeric(series, errors="coerce")
    return np.asarray(numeric.to_numpy(dtype="float64", na_value=np.nan))


def finite_sample(values: np.ndarray, seed: int) -> np.ndarray:
    """Return the finite values, or `MAXIMUM_ROWS` of them if there are more."""
    finite: np.ndarray = values[np.isfinite(values)]
    if len(finite) <= MAXIMUM_ROWS:
        return finite
    draw = np.random.default_rng(seed)
    sample: np.ndarray = draw.choice(finite, MAXIMUM_ROWS, replace=False, shuffle=False)
    return sample


def labels(series: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """Return a column's values as text, equal if they mean the same: 1 and 1.0, true and 1.

    A log has been through JSON and Parquet, so its dtypes need not be those of the reference.
    """
    codes, values = pd.factorize(series)
    names = np.array([*(label(value, kind) for value in values), None], dtype=object)
    return pd.Series(names[codes], dtype=object)


def label(value: object, kind: str) -> str:
    """Return one value as text."""
    text = str(value).removesuffix(".0") if isinstance(value, Real) else str(value)
    return {"1": "true", "0": "false"}.get(text, text.lower()) if kind == "boolean" else text
