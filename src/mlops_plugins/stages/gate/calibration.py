"""The expected calibration error: below a limit, and not above the champion's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.metrics import bootstrap
from mlops_plugins.metrics.calibration import expected_error, top_label
from mlops_plugins.stages.gate.checks import Check, number
from mlops_plugins.stages.gate.evidence import unmeasured
from mlops_plugins.stages.gate.gains import by_chance, described, gains

if TYPE_CHECKING:
    from mlops_plugins.stages.gate.evidence import Evidence
    from mlops_plugins.stages.gate.paired_rows import Pair

FILE = "calibration.json"


def ceiling(evidence: Evidence, limit: float) -> Check:
    """Block if the measured calibration error and its 95 % interval are above a limit.

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
    reason = f"{text}, limit {limit}{by_chance(value > limit)}"
    return Check("calibration", "pass", reason, numbers)


def against(pair: Pair, *, tolerance: float, resamples: int) -> Check:
    """Block if the 95 % interval of how much more the challenger errs than the champion is above it.

    Raises:
        UncomputableError: Too few resamples have values.
    """
    rows = len(pair.rows)
    ours, theirs = (
        expected_error(*top_label(pair.target, side.scores)) for side in (pair.ours, pair.theirs)
    )
    once = np.ones(rows)
    differences = gains(ours, theirs, rows, resamples=resamples, seed=pair.context.seed)
    value = ours(once) - theirs(once)
    low, high = bootstrap.symmetric_interval(value, differences)
    numbers = {"value": value, "low": low, "high": high, "limit": tolerance}
    text = f"calibration error {described(numbers)} against the champion's"
    name = "champion: calibration"
    if low > tolerance:
        return Check(name, "block", f"worse: {text}, tolerance {tolerance}", numbers)
    reason = f"{text}, tolerance {tolerance}{by_chance(value > tolerance)}"
    return Check(name, "pass", reason, numbers)
