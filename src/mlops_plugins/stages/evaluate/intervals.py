"""The bootstrap and its intervals: rows drawn with replacement, the same for each thing measured.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlops_plugins.metrics import scoring, weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np

ENDS = (2.5, 97.5)
NORMAL = 1.959964
"""The 97.5th percentile of the normal distribution."""


def draws(target: np.ndarray, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Give how often each row was drawn, of shape (rows,), the same for the same seed.

    Resamples that metrics are not defined on, such as those of one class, are left out.
    """
    for weights in weighted.draws(len(target), resamples=resamples, seed=seed):
        if scoring.defined(target[weights > 0]):
            yield weights


def interval(values: Iterable[float]) -> tuple[float, float]:
    """Return the 95 % percentile interval of the values that there are; NaN if there are none."""
    import numpy as np

    found = [value for value in values if math.isfinite(value)]
    if not found:
        return math.nan, math.nan
    low, high = np.percentile(found, ENDS)
    return float(low), float(high)


def of_many(values: Iterable[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Return the interval of each metric, from what each resample gave."""
    found = list(values)
    return {name: interval(each[name] for each in found) for name in (found[0] if found else {})}


def measured(value: float, values: Iterable[float]) -> dict[str, float]:
    """Return a value as reports write it, with its interval."""
    low, high = interval(values)
    return {"value": float(value), "low": low, "high": high}


def resampled(
    function: Callable[[np.ndarray], float],
    target: np.ndarray,
    **settings: Any,
) -> dict[str, float]:
    """Return a metric of all rows, and its interval."""
    import numpy as np

    values = [function(weights) for weights in draws(target, **settings)]
    return measured(function(np.ones(len(target))), values)


def wilson(hits: float, rows: float) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    if not rows:
        return math.nan, math.nan
    share, square = hits / rows, NORMAL**2 / rows
    centre = (share + square / 2) / (1 + square)
    half = NORMAL / (1 + square) * math.sqrt(share * (1 - share) / rows + square / (4 * rows))
    return max(centre - half, 0.0), min(centre + half, 1.0)
