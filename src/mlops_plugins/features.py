"""Helpers for a project's `features.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def date_parts(rows: pd.DataFrame) -> pd.DataFrame:
    """Replace each column of times by numbers: year, month, day of week (0 is Monday), hour.

    Missing times become missing numbers.
    """
    import pandas as pd

    made = {}
    for name in rows.columns:
        column = rows[name]
        if not pd.api.types.is_datetime64_any_dtype(column):
            made[name] = column
            continue
        times = column.dt
        for part in ("year", "month", "day_of_week", "hour"):
            made[f"{name}_{part}"] = getattr(times, part).astype("float64")
    return pd.DataFrame(made, index=rows.index)
