"""The shares that the report draws: a histogram of numbers, bars of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

HISTOGRAM_BARS: Final = 20
CATEGORY_BARS: Final = 6


def histogram(reference: np.ndarray, current: np.ndarray) -> dict[str, Any]:
    """Return shares in equal bins; the outermost values of a hundred go to the outermost bins."""
    ends = [np.quantile(x, [0.005, 0.995], method="lower") for x in (reference, current) if len(x)]
    low, high = (float(np.min(ends)), float(np.max(ends))) if ends else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    shares: dict[str, Any] = {"low": low, "high": high, "reference": [], "current": []}
    if not 0 < high - low < np.inf:
        return shares
    for name, values in (("reference", reference), ("current", current)):
        places = (np.clip(values, low, high) - low) / (high - low) * HISTOGRAM_BARS
        bins = np.minimum(places.astype("int64"), HISTOGRAM_BARS - 1)
        counts = np.bincount(bins, minlength=HISTOGRAM_BARS)
        shares[name] = (counts / max(len(values), 1)).tolist()
    return shares


def bars(counts: pd.DataFrame) -> dict[str, Any]:
    """Return the shares of the categories whose shares changed most."""
    shares = counts.to_numpy() / np.maximum(counts.to_numpy().sum(axis=0), 1)
    shown = np.argsort(-np.abs(shares[:, 0] - shares[:, 1]), kind="stable")[:CATEGORY_BARS]
    return {
        "names": [str(name) for name in counts.index[shown]],
        "reference": shares[shown, 0].tolist(),
        "current": shares[shown, 1].tolist(),
    }
