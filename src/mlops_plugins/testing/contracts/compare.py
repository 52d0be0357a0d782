"""Comparing tables by their values: null is null, whatever pandas calls it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 1e-6
"""How far two results of the same arithmetic may be apart, relatively: its order may differ."""


def first_difference(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Say where two tables differ first, not looking at the index; nothing if they are equal."""
    columns, others = list(map(str, one.columns)), list(map(str, other.columns))
    if columns != others:
        return f"the columns {', '.join(columns)} and {', '.join(others)}"
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} rows"
    for place, name in enumerate(columns):
        pairs = zip(one.iloc[:, place].tolist(), other.iloc[:, place].tolist(), strict=True)
        for row, (left, right) in enumerate(pairs):
            if not same(left, right):
                return f"in row {row + 1} of the column '{name}' {left!r} and {right!r}"
    return ""


def same(one: Any, other: Any) -> bool:
    """Return whether two cells mean the same."""
    if is_null(one) or is_null(other):
        return is_null(one) and is_null(other)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(one == other)


def is_null(value: Any) -> bool:
    """Return whether a cell holds nothing."""
    import pandas as pd

    return bool(pd.isna(value))
