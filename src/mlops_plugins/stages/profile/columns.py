"""One column at a time: what it holds, and how its values are spread."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api import types

BARS: Final = 20
"""Bars of a histogram."""

CATEGORIES: Final = 8
"""Categories that are named; the rest are counted together."""

QUANTILES: Final = {"min": 0.0, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "max": 1.0}


def kind(series: pd.Series[Any]) -> str:
    """Return number, time, boolean or text: how the column is described."""
    if types.is_bool_dtype(series):
        return "boolean"
    if types.is_datetime64_any_dtype(series):
        return "time"
    return "number" if types.is_numeric_dtype(series) else "text"


def describe(series: pd.Series[Any]) -> dict[str, Any]:
    """Return what a column holds, without its nulls, which are counted over the entire table."""
    present = series.dropna()
    described: dict[str, Any] = {"kind": kind(series), "distinct": int(present.nunique())}
    if present.empty:
        return described
    if described["kind"] == "number":
        return described | _number(present)
    if described["kind"] == "time":
        return described | _time(present)
    return described | _categories(present.astype(str))


def _number(present: pd.Series[Any]) -> dict[str, Any]:

    values = present.to_numpy("float64")
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"infinite": len(values)}
    summary = {name: float(np.quantile(finite, q)) for name, q in QUANTILES.items()}
    return {
        "summary": {**summary, "mean": float(finite.mean()), "deviation": float(finite.std())},
        "zeros": int((finite == 0).sum()),
        "infinite": len(values) - len(finite),
        "histogram": _histogram(finite),
    }


def _time(present: pd.Series[Any]) -> dict[str, Any]:

    naive = present.dt.tz_convert("UTC").dt.tz_localize(None) if present.dt.tz else present
    seconds = naive.astype("datetime64[us]").astype("int64").to_numpy() / 1e6
    shape = _histogram(seconds)
    low, high = (str(pd.Timestamp(shape[end], unit="s"))[:16] for end in ("low", "high"))
    return {
        "summary": {"first": str(present.min())[:16], "last": str(present.max())[:16]},
        "histogram": {**shape, "low": low, "high": high},
    }


def _histogram(values: np.ndarray) -> dict[str, Any]:
    """Return shares in equal bins between the outermost values of a hundred."""
    low, high = (float(each) for each in np.quantile(values, [0.005, 0.995]))
    if not 0 < high - low < np.inf:
        return {"low": low, "high": high, "shares": []}
    places = (np.clip(values, low, high) - low) / (high - low) * BARS
    counts = np.bincount(np.minimum(places.astype("int64"), BARS - 1), minlength=BARS)
    return {"low": low, "high": high, "shares": (counts / len(values)).tolist()}


def _categories(present: pd.Series[Any]) -> dict[str, Any]:
    counts = {str(value): int(rows) for value, rows in present.value_counts().items()}
    # By count and then by name: which of two equal ones comes first must not be random.
    commonest = sorted(counts, key=lambda value: (-counts[value], value))[:CATEGORIES]
    shares = {value: counts[value] / len(present) for value in commonest}
    lengths = present.str.len()
    return {
        "categories": shares,
        "others": 1 - sum(shares.values()) if len(counts) > CATEGORIES else 0.0,
        "length": {"median": float(lengths.median()), "max": int(lengths.max())},
    }
