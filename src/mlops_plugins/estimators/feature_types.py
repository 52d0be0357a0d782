"""How each feature is prepared, by its values in the training rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.deprecation import renamed_arguments
from mlops_plugins.api.errors import DataError
from mlops_plugins.estimators import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mlops_plugins.api.context import Context, Task

MAXIMUM_CATEGORIES = 40
"""Trees take a category of at most so many values as it is."""

MINIMUM_REPEATS = 2
"""A column of text each of whose values is in so many rows, on average, is a category."""


class FeatureType(StrEnum):
    """How a feature is prepared."""

    NUMBER = "number"
    CATEGORY = "category"
    HIGH_CARDINALITY = "category of many values"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True)
class Columns:
    """The features by how they are prepared.

    Attributes:
        numeric: Numbers and booleans.
        categorical: Categories that an encoder names one by one.
        high_cardinality: Categories of many values: each value becomes the mean of the target
            in its rows.
        text: Text, and into how many numbers each is turned.
        task: The task of the model.
        seed: The seed of what is drawn.
    """

    numeric: list[str]
    categorical: list[str]
    high_cardinality: list[str] = field(default_factory=list)
    text: Mapping[str, int] = field(default_factory=dict)
    task: Task = "binary"
    seed: int = 0


@renamed_arguments(few="maximum_categories")
def columns(
    frame: pd.DataFrame,
    context: Context | None = None,
    *,
    maximum_categories: int = MAXIMUM_CATEGORIES,
) -> Columns:
    """Sort the features of the training rows by how they are prepared.

    Without a context, all that is not a number is a category, and nothing is left out. With one,
    categories of more than `maximum_categories` values and text are listed apart, and a column
    without any value is left out.

    Raises:
        DataError: A column can be no feature, or none is left.
    """
    if context is None:
        numeric = [name for name in map(str, frame) if _is_number(frame[name])]
        return Columns(numeric, [name for name in map(str, frame) if name not in set(numeric)])
    names: dict[FeatureType, list[str]] = {each: [] for each in FeatureType}
    for name in map(str, frame):
        names[feature_type(frame[name], maximum_categories)].append(name)
    if len(names[FeatureType.EMPTY]) == frame.shape[1]:
        raise DataError(
            "No feature has a value.",
            where="data/features/train.parquet",
            expected="at least one column with values beside the target",
            next_step="look at the data, or at features.py",
        )
    return Columns(
        names[FeatureType.NUMBER],
        names[FeatureType.CATEGORY],
        names[FeatureType.HIGH_CARDINALITY],
        {name: text.components(frame[name]) for name in names[FeatureType.TEXT]},
        context.data.task,
        context.seed,
    )


@renamed_arguments(few="maximum_categories")
def feature_type(
    series: pd.Series[Any], maximum_categories: int = MAXIMUM_CATEGORIES
) -> FeatureType:
    """Return how a feature is prepared, by its values in the training rows.

    Raises:
        DataError: It can be no feature: it holds times or lists.
    """
    if _is_number(series):
        return FeatureType.NUMBER if series.notna().any() else FeatureType.EMPTY
    present = series.dropna()
    if present.empty:
        return FeatureType.EMPTY
    if not isinstance(present.iloc[0], Hashable):
        raise _no_feature(series, "holds lists", "one value for each row")
    distinct = present.nunique()
    if distinct <= maximum_categories:
        return FeatureType.CATEGORY
    if len(present) >= MINIMUM_REPEATS * distinct:
        return FeatureType.HIGH_CARDINALITY
    return FeatureType.TEXT if present.map(text.text_of).str.strip().any() else FeatureType.EMPTY


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
