"""How large a change between two samples is, and how likely by chance alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence


MAXIMUM_CATEGORIES: Final = 50
BINS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change between two samples: how large, and how likely by chance alone."""

    of: Literal["values", "missing values"]
    method: str
    effect: float
    p: float
    n_reference: int
    n_current: int


def numeric_drift(reference: np.ndarray, current: np.ndarray) -> Change:
    """Compare two samples of finite numbers.

    The effect is the Wasserstein distance in the reference's standard deviations or, where the
    reference is constant, the share of other values. The p-value is Kolmogorov and Smirnov's.
    """
    effect, p = 0.0, 1.0
    if len(reference) and len(current):
        p = float(stats.ks_2samp(reference, current, method="asymp").pvalue)
        effect = _distance(reference, current)
    return Change(
        of="values",
        method="Kolmogorov-Smirnov; Wasserstein distance / standard deviation",
        effect=effect,
        p=p,
        n_reference=len(reference),
        n_current=len(current),
    )


def _distance(reference: np.ndarray, current: np.ndarray) -> float:
    low, high = reference.min(), reference.max()
    # Halves, and a clip far beyond what matters, keep the largest floats from overflowing.
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    if half == 0:
        return float(np.mean((current < low) | (current > high)))
    with np.errstate(over="ignore", divide="ignore"):
        old, new = (np.clip((x - middle) / half, -1e6, 1e6) for x in (reference, current))
    return float(stats.wasserstein_distance(old, new) / old.std())


def categorical_drift(counts: pd.DataFrame) -> Change:
    """Compare two columns of category counts."""
    return _frequencies("values", counts["reference"].to_numpy(), counts["current"].to_numpy())


def missing_drift(reference: np.ndarray, current: np.ndarray) -> Change | None:
    """Compare which values are missing, or return None if none is in either."""
    if not reference.any() and not current.any():
        return None
    old, new = (np.array([gone.sum(), (~gone).sum()]) for gone in (reference, current))
    return _frequencies("missing values", old, new)


def _frequencies(
    of: Literal["values", "missing values"], old: np.ndarray, new: np.ndarray
) -> Change:
    """Compare counts by chi-square and the largest change of a share (the L-infinity distance)."""
    n, m, effect, p = int(old.sum()), int(new.sum()), 0.0, 1.0
    if n and m:
        effect = float(np.abs(old / n - new / m).max())
        table = np.array([old, new])[:, old + new > 0]
        p = float(stats.chi2_contingency(table, correction=False).pvalue)
    return Change(
        of=of,
        method="chi-square; largest change of a share",
        effect=effect,
        p=p,
        n_reference=n,
        n_current=m,
    )


def pooled(old: pd.Series[Any], new: pd.Series[Any]) -> pd.DataFrame:
    """Put the counts side by side, most frequent first, and rare categories together.

    Chi-square is not to be trusted where fewer than five of a category are expected.
    """
    # By name first: categories that are equally frequent must not depend on the rows' order.
    names = old.index.union(new.index, sort=False).sort_values()
    counts = pd.DataFrame(
        {side: n.reindex(names, fill_value=0) for side, n in (("reference", old), ("current", new))}
    ).astype("float64")
    both = counts.to_numpy().sum(axis=1)
    counts = counts.iloc[np.argsort(-both, kind="stable")]
    smaller = min(old.sum(), new.sum())
    expected = both * smaller / max(both.sum(), 1)
    kept = min(int((expected >= 5).sum()), MAXIMUM_CATEGORIES)
    common, rare = counts.iloc[:kept], counts.iloc[kept:]
    if rare.empty:
        return common
    return pd.concat([common, rare.sum().to_frame(f"{len(rare):,} rare").T])


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for the number of tests.

    Source: Benjamini and Hochberg, Controlling the False Discovery Rate, 1995.
    """
    return [float(p) for p in stats.false_discovery_control(p_values)] if p_values else []


def numeric_psi(reference: np.ndarray, current: np.ndarray, alpha: float) -> dict[str, float]:
    """Return the stability index over the reference's deciles."""
    if not len(reference):
        return psi(np.zeros(1), np.zeros(1), alpha)
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    old, new = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
        for values in (reference, current)
    )
    return psi(old, new, alpha)


def psi(old: Any, new: Any, alpha: float) -> dict[str, float]:
    """Return the population stability index, and the value that chance alone seldom exceeds.

    Source: Yurdakul, Statistical Properties of Population Stability Index, 2018.
    """
    old, new = np.asarray(old, dtype="float64"), np.asarray(new, dtype="float64")
    n, m, bins = old.sum(), new.sum(), int((old + new > 0).sum())
    if not n or not m or bins < 2:
        return {"value": 0.0, "critical": 0.0}
    # Half a count everywhere keeps an empty bin from making the index infinite.
    p, q = (old + 0.5) / (n + 0.5 * len(old)), (new + 0.5) / (m + 0.5 * len(new))
    critical = (1 / n + 1 / m) * stats.chi2.ppf(1 - alpha, bins - 1)
    return {"value": float(np.sum((q - p) * np.log(q / p))), "critical": float(critical)}
