"""Simpler ways to predict, which a model must beat: always the same, and a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.stages.gate.checks import Check, UncomputableError, number
from mlops_plugins.stages.gate.evidence import SUMMARY, unmeasured
from mlops_plugins.stages.gate.gains import by_chance

if TYPE_CHECKING:
    from mlops_plugins.stages.gate.evidence import Evidence

FILE = "baselines.json"


def trivial(evidence: Evidence, min_gain: float) -> Check:
    """Compare the model with the training rows' average as the answer to every row.

    The gain must reach `min_gain`, and its 95 % interval, where it is measured, lie above 0.

    Raises:
        UncomputableError: A number is missing.
    """
    name, primary, summary = "trivial baseline", evidence.primary, evidence.summary()
    value = number(summary, "value", file=f"{SUMMARY}: {primary}")
    baseline = number(summary, "baseline", file=f"{SUMMARY}: {primary}")
    gain = value - baseline
    numbers = {"value": gain, "limit": min_gain, "ours": value, "theirs": baseline}
    text = f"{primary} {value:.4f} against {baseline:.4f} of the trivial baseline"
    if gain < min_gain:
        return Check(name, "block", f"{text}: gain below {min_gain}", numbers)
    measured = evidence.part("baselines")
    if measured is None:
        return Check(name, "pass", text, numbers)
    low, high = (number(measured, "gain", "trivial", end, file=FILE) for end in ("low", "high"))
    numbers |= {"low": low, "high": high}
    if low <= 0:
        return Check(name, "block", f"{text}: gain {_of(low, high)}, maybe by chance", numbers)
    return Check(name, "pass", text, numbers)


def linear(evidence: Evidence, tolerance: float) -> Check:
    """Compare the model with a linear one; block if the gain's interval is below `-tolerance`.

    Raises:
        UncomputableError: A number is missing, or there is no linear baseline.
    """
    name, measured = "linear baseline", evidence.part("baselines")
    if measured is None:
        return Check(name, "pass", unmeasured("baselines"))
    if measured.get("linear") is None:
        why = measured.get("linear_reason") or "linear is missing"
        raise UncomputableError(
            f"{why} ({FILE}); `baselines.linear_tolerance: null` of the gate does without"
        )
    gain, low, high = (
        number(measured, "gain", "linear", key, file=FILE) for key in ("value", "low", "high")
    )
    numbers = {"value": gain, "low": low, "high": high, "limit": -tolerance}
    text = f"{evidence.primary} {gain:+.4f} {_of(low, high)} against a linear model"
    if high < -tolerance:
        return Check(name, "block", f"worse by more than {tolerance}: {text}", numbers)
    note = "" if low > 0 else ": worse" if high < 0 else ": maybe no better"
    reason = f"{text}{note}, tolerance {tolerance}{by_chance(gain < -tolerance)}"
    return Check(name, "pass", reason, numbers)


def _of(low: float, high: float) -> str:
    return f"({low:+.4f} to {high:+.4f}, 95 %)"
