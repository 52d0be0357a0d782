"""The threshold: fixed, or chosen on training rows that a model like this one has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.metrics import bootstrap, scoring
from mlops_plugins.stages.evaluate.refit import held_out, refit, told

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.stages.evaluate.test_set import Judged

Aim = Literal["f1", "precision", "recall", "cost"]


@dataclass(frozen=True)
class Choice:
    """Above which probability the second class is answered, and where that comes from.

    Attributes:
        threshold: The probability.
        how: `fixed`, or what it was chosen for.
        source: Where it comes from, in words.
        reason: Why it is not what was asked for, if it is not.
    """

    threshold: float
    how: str
    source: str
    reason: str | None = None


def choose(
    judged: Judged,
    wanted: Literal["fixed"] | Aim,
    *,
    fixed: float,
    least: float,
    missed_cost: float,
) -> Choice:
    """Return the threshold that was asked for; the judging rows have no part in it.

    Args:
        judged: What is judged.
        wanted: What to choose for: the greatest f1; of the thresholds with a `precision` (or
            `recall`) of at least `least`, that of the greatest recall (or precision); or the least
            `cost`; or `fixed`, for nothing.
        fixed: The threshold that is not chosen.
        least: The precision or recall to keep.
        missed_cost: What a missed row of the second class costs, counted in false alarms.
    """
    if wanted == "fixed":
        return Choice(fixed, "fixed", "conf/evaluate/metrics.yaml: threshold")
    fit, asked, words = held_out(judged)
    try:
        (scores,) = refit(judged, fit, [judged.train.iloc[asked]])
    except Exception as error:  # noqa: BLE001  fewer rows may be too few for a trainer
        return _fallback(judged, fixed, told(error))
    truth = judged.known[asked]
    if not len(truth) or not scoring.defined(truth):
        reason = "the rows that were held out are of one class"
        return _fallback(judged, fixed, reason)
    chosen, short = best(truth, scores[:, 1], wanted, least=least, missed_cost=missed_cost)
    source = f"{words} ({len(asked):,}), by the same trainer fitted to {len(fit):,} others"
    return Choice(chosen, wanted, source, short)


def _fallback(judged: Judged, fixed: float, reason: str) -> Choice:
    judged.context.log(f"threshold: {fixed:g}, as none could be chosen: {reason}")
    return Choice(fixed, "fixed", "none could be chosen", reason)


def best(
    truth: np.ndarray, chance: np.ndarray, wanted: Aim, *, least: float, missed_cost: float
) -> tuple[float, str | None]:
    """Return the best threshold, half-way between two distinct scores, and why it falls short.

    Args:
        truth: Of shape (rows,), 1 for the second class and 0 for the first; both occur.
        chance: The second class's probability, of shape (rows,).
        wanted: What to choose for.
        least: The precision or recall to keep.
        missed_cost: What a missed row costs, counted in false alarms.
    """
    import numpy as np

    order = np.argsort(-chance, kind="stable")
    ordered = chance[order].astype(float)
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    hits, asked = truth[order].cumsum()[ends], ends + 1
    positives = hits[-1]
    precision, recall = hits / asked, hits / positives
    lower = np.append(ordered[ends[1:]], 0.0)
    thresholds = (ordered[ends] + lower) / 2
    if wanted == "f1":
        return float(thresholds[np.argmax(2 * hits / (asked + positives))]), None
    if wanted == "cost":
        costs = (asked - hits) + missed_cost * (positives - hits)
        return float(thresholds[np.argmin(costs)]), None
    kept, other = (precision, recall) if wanted == "precision" else (recall, precision)
    enough = kept >= least
    if not enough.any():
        return float(thresholds[np.argmax(kept)]), f"no threshold has a {wanted} of {least:g} there"
    return float(thresholds[np.argmax(np.where(enough, other, -1.0))]), None


def predicted(judged: Judged, choice: Choice) -> np.ndarray:
    """Return which rows are answered with the second class, of shape (rows,).

    Above, and not at, the threshold: at 0.5 these are the model's own predictions.
    """
    above: np.ndarray = judged.scores[:, 1] > choice.threshold
    return above


def table(judged: Judged, choice: Choice) -> dict[str, Any]:
    """Return the threshold and the metrics of the decisions that it makes on the judging rows."""
    import numpy as np

    answered = predicted(judged, choice)
    positive = judged.target == 1
    columns = np.column_stack([np.ones(len(answered)), positive, answered, positive & answered])

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows, positives, asked, hits = (weights @ columns).tolist()
        return {
            **scoring.binary_decisions(rows, positives, asked, hits),
            "predicted_positive": asked / rows,
        }

    found = measured(np.ones(len(answered)))
    ends = bootstrap.percentile_intervals(
        map(measured, bootstrap.defined_draws(judged.target, **judged.settings))
    )
    rows, positives, asked, hits = map(int, columns.sum(axis=0))
    return {
        "threshold": choice.threshold,
        "how": choice.how,
        "source": choice.source,
        "reason": choice.reason,
        "positive": judged.classes[-1],
        "metrics": {
            name: dict(
                zip(("value", "low", "high"), (value, *ends.get(name, (None, None))), strict=True)
            )
            for name, value in found.items()
        },
        "confusion": {
            "true_positive": hits,
            "false_positive": asked - hits,
            "false_negative": positives - hits,
            "true_negative": rows - positives - asked + hits,
        },
    }
