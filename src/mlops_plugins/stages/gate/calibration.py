"""Whether a score is a probability: the expected calibration error, and the champion's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.stages.gate import bootstrap
from mlops_plugins.stages.gate.checks import Check, number
from mlops_plugins.stages.gate.evidence import unmeasured

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.metrics.weighted import Weighted
    from mlops_plugins.stages.gate.evidence import Evidence
    from mlops_plugins.stages.gate.paired_rows import Pair

FILE = "calibration.json"
BINS = 10


def ceiling(evidence: Evidence, limit: float) -> Check:
    """Hold the measured calibration error against a limit; its 95 % interval must lie above to block.

    Raises:
        UncomputableError: It should have been measured, and was not.
    """
    measured = evidence.part("calibration")
    if measured is None:
        return Check("calibration", "pass", unmeasured("calibration"))
    value, low, high = (number(measured, key, file=FILE) for key in ("error", "low", "high"))
    numbers = {"value": value, "low": low, "high": high, "limit": limit}
    text = f"calibration error {value:.4f} ({low:.4f} to {high:.4f}, 95 %)"
    if min(value, low) > limit:
        return Check("calibration", "block", f"{text} > {limit}", numbers)
    return Check("calibration", "pass", f"{text}, limit {limit}", numbers)


def against(pair: Pair, *, tolerance: float, resamples: int) -> Check:
    """Block if the 95 % interval of how much more the challenger errs than the champion is above it.

    Raises:
        UncomputableError: Too few resamples have values.
    """
    import numpy as np

    rows = len(pair.rows)
    ours = error(pair.target, pair.ours.scores)
    theirs = error(pair.target, pair.theirs.scores)
    once = np.ones(rows)
    gains = bootstrap.gains(ours, theirs, rows, resamples=resamples, seed=pair.context.seed)
    value = ours(once) - theirs(once)
    low, high = bootstrap.interval(gains, value)
    numbers = {"value": value, "low": low, "high": high, "limit": tolerance}
    text = f"calibration error {bootstrap.told(numbers)} against the champion's"
    name = "champion: calibration"
    if low > tolerance:
        return Check(name, "block", f"worse: {text}, tolerance {tolerance}", numbers)
    return Check(name, "pass", text, numbers)


def error(target: np.ndarray, scores: np.ndarray) -> Weighted:
    """Return the expected calibration error as a function of how often each row counts.

    Of two classes it is the last one's probability that is looked at, of more the likeliest
    one's, in ten bins of as many rows each. Naeini, Cooper and Hauskrecht, AAAI 2015.
    """
    import numpy as np

    if scores.shape[1] == 2:
        chance, right = scores[:, 1], target == 1
    else:
        chance, right = scores.max(axis=1), scores.argmax(axis=1) == target
    borders = np.quantile(chance, np.arange(1, BINS) / BINS)
    bins = np.searchsorted(borders, chance, side="right")
    missed = chance - right

    def value(weights: np.ndarray) -> float:
        sums = np.bincount(bins, weights * missed, BINS)
        return float(np.abs(sums).sum() / weights.sum())

    return value
