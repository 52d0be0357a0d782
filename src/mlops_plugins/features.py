"""Helpers for a project's `features.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def date_parts(rows: pd.DataFrame) -> pd.DataFrame:
    """Replace each column of times by numbers: year, month, days of the week and year, and hour.

    Monday is 0, the first of January 1. Missing times become missing numbers. A part takes a `_` more
    where a column has its name already.
    """
    import pandas as pd

    if rows.select_dtypes("datetime").empty:
        return rows  # hundreds of numbers need not be put together again for each request
    made = {}
    for name in rows.columns:
        column = rows[name]
        if not pd.api.types.is_datetime64_any_dtype(column):
            made[name] = column
            continue
        times = column.dt
        # Models carry the call, not this code: a part that one has learnt from keeps its meaning.
        parts = {
            "year": times.year,
            "month": times.month,
            "day_of_week": times.day_of_week,
            "day_of_year": times.day_of_year,
            "hour": times.hour,
        }
        for part, values in parts.items():
            key = f"{name}_{part}"
            while key in rows.columns or key in made:
                key += "_"
            made[key] = values.astype("float64")
    return pd.DataFrame(made, index=rows.index)
