"""How columns relate: to the target, and to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mlops_plugins.stages.profile.columns import kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_plugins.api.context import Task

GROUPS: Final = 10
"""Groups that a column's values are put in."""

MAX_CORRELATED: Final = 20
"""Columns of the picture of correlations."""

STRONG: Final = 0.5
"""Correlations from here on are named."""


def groups(series: pd.Series[Any]) -> pd.Series[Any]:
    """Put values into a few groups: tenths of the rows for numbers and times, the commonest texts."""
    if kind(series) in ("number", "time") and series.nunique() > GROUPS:
        codes = pd.qcut(series.rank(method="first"), GROUPS, labels=False)
        # Equal values belong to one group: the first that any of them fell into.
        return codes.groupby(series).transform("min").reindex(series.index)
    text = series.astype(object).where(series.notna()).map(str, na_action="ignore")
    commonest = text.value_counts().index[: GROUPS - 1]
    return text.where(text.isin(commonest) | text.isna(), "(others)")


def explained(series: pd.Series[Any], target: pd.DataFrame) -> float:
    """Return the share of the target's variance that the column's groups explain, 0 to 1.

    The correlation ratio, eta squared (Pearson 1905): it sees any shape of dependence, and takes
    numbers, categories and nulls, which are a group of their own.

    Args:
        series: The column.
        target: The target as numbers: one column, or one 0-1 column a class.
    """
    total = float(((target - target.mean()) ** 2).to_numpy().sum())
    if total == 0:
        return 0.0
    grouped = target.groupby(groups(series).to_numpy(), dropna=False)
    between = float((((grouped.transform("mean")) - target.mean()) ** 2).to_numpy().sum())
    return min(between / total, 1.0)


def as_numbers(target: pd.Series[Any], task: Task) -> pd.DataFrame:
    """Return the target as one column of numbers, or one 0-1 column a class."""
    if task == "regression":
        return target.astype("float64").to_frame()
    classes = sorted(target.unique().tolist(), key=str)
    wanted = classes[1:] if task == "binary" else classes
    return pd.DataFrame({str(each): (target == each).astype("float64") for each in wanted})


def by_group(series: pd.Series[Any], target: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean of the target in each group of the column, for a target of one column."""
    if target.shape[1] != 1:
        return []
    placed = groups(series)
    values = target.iloc[:, 0]
    described = []
    for group in sorted(placed.dropna().unique().tolist(), key=_order):
        inside = placed == group
        described.append(
            {
                "name": _name(series[inside], group),
                "rows": int(inside.sum()),
                "mean": float(values[inside].mean()),
            }
        )
    missing = placed.isna()
    if missing.any():
        described.append(
            {
                "name": "(missing)",
                "rows": int(missing.sum()),
                "mean": float(values[missing].mean()),
            }
        )
    return described


def _order(group: Any) -> tuple[bool, Any]:
    return isinstance(group, str), group


def _name(inside: pd.Series[Any], group: Any) -> str:
    if isinstance(group, str):
        return group
    low, high = inside.min(), inside.max()
    if kind(inside) == "time":
        return f"from {str(low)[:10]}"
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def correlations(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Return Spearman's correlations of the numeric columns: the pairs that are strong, and a matrix.

    The matrix is of the columns that correlate most, at most `MAX_CORRELATED` of them.
    """
    numeric = [name for name in names if kind(frame[name]) == "number"]
    numeric = [name for name in numeric if frame[name].nunique() > 1]
    if len(numeric) < 2:
        return {"columns": [], "matrix": [], "strong": []}
    correlated = frame[numeric].replace([np.inf, -np.inf], np.nan).rank().corr(min_periods=10)
    matrix = correlated.fillna(0.0).to_numpy().copy()
    np.fill_diagonal(matrix, 0.0)
    rows, columns = np.nonzero(np.triu(np.abs(matrix) >= STRONG))
    pairs = [
        (float(matrix[i, j]), numeric[i], numeric[j]) for i, j in zip(rows, columns, strict=True)
    ]
    pairs.sort(key=lambda pair: (-round(abs(pair[0]), 9), pair[1], pair[2]))
    strong = [{"one": one, "other": other, "value": value} for value, one, other in pairs]
    order = np.argsort(-np.abs(matrix).max(axis=1), kind="stable")[:MAX_CORRELATED]
    np.fill_diagonal(matrix, 1.0)
    shown = sorted(int(place) for place in order)
    return {
        "columns": [numeric[place] for place in shown],
        "matrix": matrix[np.ix_(shown, shown)].tolist(),
        "strong": strong,
    }
