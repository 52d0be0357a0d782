"""What a prediction's columns are called beside raw ones, which may have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    import pandas as pd

PREFIX = "predicted:"
"""What begins the name of a prediction's column where a raw one has that name."""


def name_of(name: str, raw: Container[str]) -> str:
    """Return the name of a prediction's column in a table that has these raw columns too.

    >>> name_of("score", ["age"]), name_of("score", ["score"])
    ('score', 'predicted:score')
    """
    return f"{PREFIX}{name}" if name in raw else name


def renamed(predicted: pd.DataFrame, raw: Container[str]) -> pd.DataFrame:
    """Return predictions under names that are none of the raw columns'."""
    return predicted.set_axis([name_of(str(name), raw) for name in predicted], axis=1)
