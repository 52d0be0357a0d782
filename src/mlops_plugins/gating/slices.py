"""Groups of rows: a model that is better on the whole must not be worse for some of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from mlops_plugins.gating import bootstrap
from mlops_plugins.gating.checks import Check, UncomputableError, item, number
from mlops_plugins.gating.evidence import unmeasured
from mlops_plugins.slices import of_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.gating.evidence import Evidence
    from mlops_plugins.gating.rows import Pair
    from mlops_plugins.slices import Slice

FILE = "slices.json"
SHOWN = 3
"""So many slices are named in the reason; all are in the numbers."""


@dataclass(frozen=True)
class Group:
    """A slice of the evaluation.

    Attributes:
        slice: Which rows are in it.
        entry: What the evaluation wrote about it.
        asked: Whether the team named it; others were found by the evaluation.
    """

    slice: Slice
    entry: Mapping[str, Any]
    asked: bool


def floor(evidence: Evidence, limit: float) -> Check:
    """Block if the whole 95 % interval of a slice's metric is below a limit.

    Raises:
        UncomputableError: A number is missing of a slice that the team named, or the file is.
    """
    name, measured = "floor of the slices", evidence.part("slices")
    if measured is None:
        return Check(name, "pass", unmeasured("slices"))
    below: list[dict[str, Any]] = []
    seen = 0
    for group in _groups(measured):
        if group.entry.get("value") is None and not group.asked:
            continue
        seen += 1
        value = number(group.entry, "value", file=_place(group))
        high = _high(group)
        if high < limit:
            below.append({"slice": group.slice.label, "value": value, "high": high})
    metric = str(item(measured, "metric", file=FILE))
    if not below:
        return Check(
            name, "pass", f"{metric} of {seen} slices: none below {limit}", {"limit": limit}
        )
    named = ", ".join("{slice} {value:.4f}".format(**one) for one in below[:SHOWN])
    reason = f"{metric} below {limit} in {len(below)} of {seen} slices: {named}"
    return Check(name, "block", reason, {"limit": limit, "below": below})


def _high(group: Group) -> float:
    interval = item(group.entry, "interval", file=_place(group))
    if not isinstance(interval, list) or len(interval) != 2:
        raise UncomputableError(f"interval in {_place(group)} is not [low, high]")
    return number({"interval": interval[1]}, "interval", file=_place(group))


def against(pair: Pair, evidence: Evidence, *, tolerance: float, resamples: int) -> Check:
    """Compare both models on each slice, the intervals widened for as many comparisons (Bonferroni).

    A slice whose gain is not below `-tolerance` cannot be worse by more: only the others, and the
    worst, are resampled. Bootstrap standard errors, as percentiles so far out would need many
    thousands of resamples. Efron and Tibshirani, 1993, ch. 13.1.

    Raises:
        UncomputableError: The file, or a slice that the team named, cannot be compared.
    """
    name, measured = "slices against the champion", evidence.part("slices")
    if measured is None:
        return Check(name, "pass", unmeasured("slices"))
    fewest = number(measured, "min_rows", file=FILE)
    found, skipped = [], []
    for group in _groups(measured):
        compared = _compare(pair, group, fewest)
        if compared is None:
            skipped.append(group.slice.label)
        else:
            found.append(compared)
    numbers: dict[str, Any] = {"limit": -tolerance, "compared": len(found), "skipped": skipped}
    if not found:
        return Check(name, "pass", "no slice has enough rows to compare", numbers)
    found.sort(key=lambda one: one.gain)
    quantile = NormalDist().inv_cdf(1 - 0.025 / len(found))
    suspects = [one for one in found if one.gain < -tolerance] or found[:1]
    rows = [one.measured(pair, quantile, resamples) for one in suspects]
    worse = [one for one in rows if one["high"] < -tolerance]
    text = f"{pair.primary} on {len(found)} slices against the champion"
    if worse:
        reason = f"worse in {len(worse)} of them: {', '.join(map(_told, worse[:SHOWN]))}"
        return Check(name, "block", f"{text}: {reason}", {**numbers, "slices": worse})
    reason = f"none worse by more than {tolerance}; least in {_told(rows[0])}"
    return Check(name, "pass", f"{text}: {reason}", {**numbers, "slices": rows[:1]})


@dataclass(frozen=True)
class Compared:
    """Both models on the rows of one slice."""

    label: str
    rows: int
    gain: float
    ours: bootstrap.Weighted
    theirs: bootstrap.Weighted

    def measured(self, pair: Pair, quantile: float, resamples: int) -> dict[str, Any]:
        """Return the gain with an interval of so many standard errors."""
        drawn = bootstrap.gains(
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


def _told(row: Mapping[str, Any]) -> str:
    return "{slice} ({rows:,} rows) {value:+.4f}, {low:+.4f} to {high:+.4f}".format(**row)


def _compare(pair: Pair, group: Group, fewest: float) -> Compared | None:
    """Return both models on a slice; None if it is too small, unless the team named it."""
    import numpy as np

    inside = group.slice.rows(pair.rows)
    rows = int(inside.sum())
    if rows < fewest and not group.asked:
        return None
    gain, metrics = float("nan"), []
    if rows:
        task, target = pair.context.data.task, pair.target[inside]
        sides = (pair.ours.scores[inside], pair.theirs.scores[inside])
        metrics = [bootstrap.primary(task, target, scores) for scores in sides]
        ours, theirs = (metric(np.ones(rows)) for metric in metrics)
        gain = ours - theirs
    if np.isfinite(gain):
        return Compared(group.slice.label, rows, gain, *metrics)
    if group.asked:
        raise UncomputableError(
            f"{pair.primary} is not defined on the {rows} rows of {group.slice.label}"
        )
    return None


def _groups(measured: Mapping[str, Any]) -> Iterator[Group]:
    entries = item(measured, "slices", file=FILE)
    if not isinstance(entries, list):
        raise UncomputableError(f"slices in {FILE} is no list")
    for place, entry in enumerate(entries):
        try:
            yield Group(of_dict(entry["slice"]), entry, entry.get("configured") is True)
        except (KeyError, TypeError, AttributeError):
            raise UncomputableError(f"slices[{place}].slice in {FILE} is no slice") from None


def _place(group: Group) -> str:
    return f"{FILE}: {group.slice.label}"
