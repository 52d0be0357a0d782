"""How each feature is prepared, told by the training rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.estimators import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mlops_plugins.api.context import Context, Task

FEW = 40
"""Trees take a category of at most so many values as it is."""

REPEATS = 2
"""A text column each of whose values stands in so many rows, on average, is a category."""


class Kind(StrEnum):
    """How a feature is prepared."""

    NUMBER = "number"
    CATEGORY = "category"
    MANY = "category of many values"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True)
class Columns:
    """The features by how they are prepared.

    Attributes:
        numeric: Numbers and booleans.
        categorical: Categories that an encoder names one by one.
        many: Categories of many values: each value becomes the mean of the target where it stands.
        text: Text, and into how many numbers each is turned.
        task: What is learnt.
        seed: The one seed.
    """

    numeric: list[str]
    categorical: list[str]
    many: list[str] = field(default_factory=list)
    text: Mapping[str, int] = field(default_factory=dict)
    task: Task = "binary"
    seed: int = 0


def columns(frame: pd.DataFrame, context: Context | None = None, *, few: int = FEW) -> Columns:
    """Sort the features of the training rows by how they are prepared.

    Without a context, all that is not a number is a category, and nothing is left out. With one,
    a category of more than `few` values, and text, are told apart from it, and a column without
    any value is left out.

    Raises:
        DataError: A column can be no feature, or none is left.
    """
    if context is None:
        numeric = [name for name in map(str, frame) if _is_number(frame[name])]
        return Columns(numeric, [name for name in map(str, frame) if name not in set(numeric)])
    found: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for name in map(str, frame):
        found[kind_of(frame[name], few)].append(name)
    if len(found[Kind.EMPTY]) == frame.shape[1]:
        raise DataError(
            "No feature has a value.",
            where="data/features/train.parquet",
            expected="at least one column with values beside the target",
            next_step="look at the data, or at features.py",
        )
    return Columns(
        found[Kind.NUMBER],
        found[Kind.CATEGORY],
        found[Kind.MANY],
        {name: text.parts(frame[name]) for name in found[Kind.TEXT]},
        context.data.task,
        context.seed,
    )


def kind_of(series: pd.Series[Any], few: int = FEW) -> Kind:
    """Return how a feature is prepared, by its values in the training rows.

    Raises:
        DataError: It can be no feature: it holds times or lists.
    """
    if _is_number(series):
        return Kind.NUMBER if series.notna().any() else Kind.EMPTY
    present = series.dropna()
    if present.empty:
        return Kind.EMPTY
    if not isinstance(present.iloc[0], Hashable):
        raise _no_feature(series, "holds lists", "one value for each row")
    distinct = present.nunique()
    if distinct <= few:
        return Kind.CATEGORY
    if len(present) >= REPEATS * distinct:
        return Kind.MANY
    return Kind.TEXT if present.map(text.text_of).str.strip().any() else Kind.EMPTY


def _is_number(series: pd.Series[Any]) -> bool:
    from pandas.api import types

    if types.is_datetime64_any_dtype(series) or types.is_timedelta64_dtype(series):
        raise _no_feature(
            series, "is a time, which no estimator takes", "a number, a boolean or a category"
        )
    return types.is_numeric_dtype(series)


def _no_feature(series: pd.Series[Any], problem: str, expected: str) -> DataError:
    helper = ": mlops_plugins.features.date_parts" if "time" in problem else ""
    return DataError(
        f"The feature '{series.name}' {problem}.",
        where=f"features table: column {series.name}",
        expected=expected,
        next_step=f"turn it into numbers in features.py{helper}",
    )
