"""Groups of rows: a model that is better on all rows must not be worse on some of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.metrics import weighted
from mlops_plugins.metrics.slices import of_dict
from mlops_plugins.stages.gate.checks import Check, UncomputableError, item, number
from mlops_plugins.stages.gate.evidence import unmeasured
from mlops_plugins.stages.gate.gains import by_chance, gains

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.metrics.slices import Slice
    from mlops_plugins.metrics.weighted import WeightedMetric
    from mlops_plugins.stages.gate.evidence import Evidence
    from mlops_plugins.stages.gate.paired_rows import Pair

FILE = "slices.json"
SHOWN = 3
"""So many slices are named in the reason; all are in the numbers."""


@dataclass(frozen=True)
class Group:
    """A slice of the evaluation.

    Attributes:
        slice: Which rows are in it.
        entry: What the evaluation wrote about it.
        configured: Whether the team named it; others were reported by the search.
    """

    slice: Slice
    entry: Mapping[str, Any]
    configured: bool


def floor(evidence: Evidence, limit: float | None) -> Check:
    """Block if the 95 % interval of a slice's metric is below a limit, if there is one.

    Raises:
        UncomputableError: The file is missing, or a number of a slice that the team named.
    """
    measured = evidence.part("slices")
    if measured is None:
        return Check("slices", "pass", unmeasured("slices"))
    metric, groups = item(measured, "metric", file=FILE), list(_groups(measured))
    if limit is None:
        return Check("slices", "pass", f"{metric} was measured in {_slices(len(groups))}")
    groups = [group for group in groups if group.configured or group.entry.get("value") is not None]
    measures = list(map(_ends, groups))
    low = [one for one in measures if one["value"] < limit]
    numbers: dict[str, Any] = {"limit": limit, "compared": len(groups)}
    if not low:
        return Check(
            "slices", "pass", f"{metric} reaches {limit} in {_slices(len(groups))}", numbers
        )
    below = [one for one in low if one["high"] < limit]
    shown = below or low
    named = ", ".join("{slice} {value:.4f}".format(**one) for one in shown[:SHOWN])
    reason = f"{metric} below {limit} in {len(shown)} of {len(groups)} slices: {named}"
    numbers |= {"slices": shown}
    if below:
        return Check("slices", "block", reason, numbers)
    return Check("slices", "pass", f"{reason}{by_chance(True)}", numbers)


def _slices(count: int) -> str:
    return f"{count} slice" if count == 1 else f"{count} slices"


def _ends(group: Group) -> dict[str, Any]:
    """Return the measured value of a slice and its interval."""
    place = _place(group)
    value, interval = number(group.entry, "value", file=place), group.entry.get("interval")
    if not isinstance(interval, list) or len(interval) != 2:
        raise UncomputableError(f"interval in {place} is not [low, high]")
    low, high = (number({"interval": end}, "interval", file=place) for end in interval)
    return {"slice": group.slice.label, "value": value, "low": low, "high": high}


def against(pair: Pair, evidence: Evidence, *, tolerance: float, resamples: int) -> Check:
    """Compare both models on each slice, the intervals widened for as many comparisons (Bonferroni).

    A slice whose gain is not below `-tolerance` cannot be worse by more: only the others, and the
    worst, are resampled. Bootstrap standard errors, as percentiles so far out would need many
    thousands of resamples. Efron and Tibshirani, 1993, ch. 13.1.

    Raises:
        UncomputableError: The file, or a slice that the team named, cannot be compared.
    """
    name, measured = "champion: slices", evidence.part("slices")
    if measured is None:
        return Check(name, "pass", unmeasured("slices"))
    min_rows = number(measured, "min_rows", file=FILE)
    compared, skipped = [], []
    for group in _groups(measured):
        sides = _compare(pair, group, min_rows)
        if sides is None:
            skipped.append(group.slice.label)
        else:
            compared.append(sides)
    numbers: dict[str, Any] = {"limit": -tolerance, "compared": len(compared), "skipped": skipped}
    if not compared:
        return Check(name, "pass", "no slice has enough rows to compare", numbers)
    compared.sort(key=lambda one: one.gain)
    quantile = NormalDist().inv_cdf(1 - 0.025 / len(compared))
    suspects = [one for one in compared if one.gain < -tolerance] or compared[:1]
    rows = [one.measured(pair, quantile, resamples) for one in suspects]
    worse = [one for one in rows if one["high"] < -tolerance]
    text = f"{pair.primary} on {len(compared)} slices against the champion"
    if worse:
        reason = f"worse in {len(worse)} of them: {', '.join(map(_described, worse[:SHOWN]))}"
        return Check(name, "block", f"{text}: {reason}", {**numbers, "slices": worse})
    lowest = rows[0]
    reason = (
        f"none significantly worse by more than {tolerance}; lowest in {_described(lowest)}"
        f"{by_chance(lowest['value'] < -tolerance)}"
    )
    return Check(name, "pass", f"{text}: {reason}", {**numbers, "slices": [lowest]})


@dataclass(frozen=True)
class Compared:
    """Both models on the rows of one slice."""

    label: str
    rows: int
    gain: float
    ours: WeightedMetric
    theirs: WeightedMetric

    def measured(self, pair: Pair, quantile: float, resamples: int) -> dict[str, Any]:
        """Return the gain with an interval of so many standard errors."""
        drawn = gains(
            self.ours, self.theirs, self.rows, resamples=resamples, seed=pair.context.seed
        )
        reach = quantile * float(drawn.std(ddof=1))
        return {
            "slice": self.label,
            "rows": self.rows,
            "value": self.gain,
            "low": self.gain - reach,
            "high": self.gain + reach,
        }


def _described(row: Mapping[str, Any]) -> str:
    return "{slice} ({rows:,} rows) {value:+.4f}, {low:+.4f} to {high:+.4f}".format(**row)


def _compare(pair: Pair, group: Group, min_rows: float) -> Compared | None:
    """Return both models on a slice; None if it is too small, unless the team named it."""
    inside = _inside(pair, group)
    rows = int(inside.sum())
    if rows < min_rows and not group.configured:
        return None
    gain, metrics = float("nan"), []
    if rows:
        task, target = pair.context.data.task, pair.target[inside]
        sides = (pair.ours.scores[inside], pair.theirs.scores[inside])
        metrics = [weighted.primary(task, target, scores) for scores in sides]
        ours, theirs = (metric(np.ones(rows)) for metric in metrics)
        gain = ours - theirs
    if np.isfinite(gain):
        return Compared(group.slice.label, rows, gain, *metrics)
    if group.configured:
        raise UncomputableError(
            f"{pair.primary} is not defined on the {rows} rows of {group.slice.label}"
        )
    return None


def _inside(pair: Pair, group: Group) -> np.ndarray:
    """Return which of the test rows are in the slice, of shape (rows,)."""
    try:
        return group.slice.rows(pair.rows)
    except (KeyError, TypeError, ValueError):
        raise UncomputableError(
            f"{_place(group)} does not fit the column {group.slice.column} of the test rows"
        ) from None


def _groups(measured: Mapping[str, Any]) -> Iterator[Group]:
    entries = item(measured, "slices", file=FILE)
    if not isinstance(entries, list):
        raise UncomputableError(f"slices in {FILE} is no list")
    for place, entry in enumerate(entries):
        try:
            one = of_dict(entry["slice"])
            sound = isinstance(one.column, str) and all(map(_is_bound, (one.low, one.high)))
        except (KeyError, TypeError):
            sound = False
        if not sound:
            raise UncomputableError(f"slices[{place}].slice in {FILE} is no slice")
        yield Group(one, entry, entry.get("configured") is True)


def _is_bound(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _place(group: Group) -> str:
    return f"{FILE}: {group.slice.label}"
