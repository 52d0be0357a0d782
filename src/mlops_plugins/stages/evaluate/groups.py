"""A column's groups: its values, or for numbers ranges between quantiles of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api import types

from mlops_plugins.metrics.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

RANGES = 4
"""Numbers are cut into so many ranges, with as many training rows each."""

FEW_NUMBERS = 6
"""Numbers with at most so many distinct values are taken value by value."""

MAXIMUM_VALUES = 20
"""Of a category, so many values are used: the most frequent among the training rows."""


@dataclass(frozen=True)
class Groups:
    """The groups of one column.

    Attributes:
        slices: The groups.
        reason: Why rows of the column are in none of them; empty if each is in one.
    """

    slices: tuple[Slice, ...]
    reason: str = ""


def groups(column: str, train: pd.Series[Any], rows: pd.Series[Any]) -> Groups:
    """Return the groups of a column.

    Args:
        column: Its name.
        train: Its values among the training rows, by which it is cut.
        rows: Its values among the test rows.
    """
    if types.is_datetime64_any_dtype(train) or types.is_timedelta64_dtype(train):
        return Groups((), "it is a time: add the part of it that matters (month, hour) as a column")
    missing = (Slice(column=column),) if rows.isna().any() or train.isna().any() else ()
    present = train.dropna()
    if present.empty:
        return Groups(missing, "it has no values among the training rows")
    numeric = types.is_numeric_dtype(train) and not types.is_bool_dtype(train)
    if numeric and present.nunique() > FEW_NUMBERS:
        return Groups((*_ranges(column, present), *missing))
    counts = present.value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    chosen = tuple(
        Slice(column=column, value=_plain(value)) for value, _ in ordered[:MAXIMUM_VALUES]
    )
    rest = counts.size - len(chosen)
    reason = f"{rest:,} rarer values are not looked at" if rest else ""
    new = len(set(rows.dropna().unique().tolist()) - set(counts.index.tolist()))
    if new and not reason:
        reason = f"{new:,} values that no training row has are not looked at"
    return Groups((*chosen, *missing), reason)


def _ranges(column: str, present: pd.Series[Any]) -> Iterator[Slice]:
    values = present.to_numpy(dtype="float64")
    cuts = np.quantile(values, np.linspace(0, 1, RANGES + 1)[1:-1])
    edges = [float(edge) for edge in np.unique(cuts) if edge > values.min()]
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        yield Slice(column=column, low=low, high=high, numeric=True)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; an integer without a fraction."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain if isinstance(plain, bool | int | float) else str(plain)


def members(slices: tuple[Slice, ...], rows: pd.DataFrame) -> np.ndarray:
    """Return the position of the slice that each row is in, -1 for none, of shape (rows,)."""
    place = np.full(len(rows), -1)
    for position, one in enumerate(slices):
        place[one.rows(rows)] = position
    return place
