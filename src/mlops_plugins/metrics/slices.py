"""Slices: the rows of one group, as evaluation and gate define them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The rows whose column has a value, or lies in a range.

    Attributes:
        column: The raw column.
        value: The value, if the column holds categories; None stands for missing values.
        low: The lower bound of a range, inclusive; None if there is none.
        high: The upper bound of a range, exclusive; None if there is none.
        numeric: Whether it is a range.
    """

    column: str
    value: str | float | bool | None = None
    low: float | None = None
    high: float | None = None
    numeric: bool = False

    @property
    def label(self) -> str:
        """Return the slice in words, as `carrier = AA` or `10 <= distance < 20`."""
        if not self.numeric:
            return f"{self.column} = {'missing' if self.value is None else self.value}"
        low = "" if self.low is None else f"{self.low:g} <= "
        high = "" if self.high is None else f" < {self.high:g}"
        return f"{low}{self.column}{high}"

    def rows(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which rows are in the slice, of shape (rows,), as booleans."""
        column = frame[self.column]
        if not self.numeric:
            equal = column.isna() if self.value is None else column == self.value
            return equal.fillna(False).to_numpy(dtype=bool)
        inside = column.notna().to_numpy(dtype=bool)
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        if self.low is not None:
            inside = inside & (values >= self.low)
        if self.high is not None:
            inside = inside & (values < self.high)
        return inside

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, from which `Slice(**data)` makes it again."""
        return asdict(self)


def of_dict(written: Mapping[str, Any]) -> Slice:
    """Make a slice again from an entry of `slices.json`, which holds more than the slice."""
    return Slice(**{name: written[name] for name in Slice.__dataclass_fields__})
