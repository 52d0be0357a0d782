"""By how much the challenger is better than the champion, on resamples of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.metrics import bootstrap
from mlops_plugins.stages.gate.checks import UncomputableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from mlops_plugins.metrics.weighted import WeightedMetric

MINIMUM_DEFINED = 0.5
"""The share of the resamples on which a metric must be defined."""


def gains(
    ours: WeightedMetric, theirs: WeightedMetric, rows: int, *, resamples: int, seed: int
) -> np.ndarray:
    """Return ours minus theirs on each resample where both are defined.

    Raises:
        UncomputableError: Too many resamples have too few classes.
    """
    differences = bootstrap.paired_differences(ours, theirs, rows, resamples=resamples, seed=seed)
    if len(differences) < max(MINIMUM_DEFINED * resamples, 2):
        raise UncomputableError(
            f"only {len(differences)} of {resamples} resamples of {rows} rows have values or "
            "classes that differ"
        )
    return differences


def described(numbers: Mapping[str, float]) -> str:
    """Return a gain and its interval in words."""
    return "{value:+.4f} ({low:+.4f} to {high:+.4f}, 95 %)".format(**numbers)


def by_chance(beyond: bool) -> str:
    """Return why a check passes though its value is beyond the limit; nothing if it is not."""
    return ": beyond it, maybe by chance, as the interval reaches what is allowed" if beyond else ""
