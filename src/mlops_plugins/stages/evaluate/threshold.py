"""The threshold: fixed, or chosen on training rows that a model like this one has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.metrics import bootstrap, scoring
from mlops_plugins.stages.evaluate.refit import described, held_out, refit

if TYPE_CHECKING:
    from mlops_plugins.stages.evaluate.options import Decision
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet


@dataclass(frozen=True)
class Choice:
    """Above which probability the second class is predicted, and where that comes from.

    Attributes:
        threshold: The probability.
        how: `fixed`, or what it was chosen for.
        source: Where it comes from, in words.
        reason: Why it is not as configured, if it is not.
    """

    threshold: float
    how: str
    source: str
    reason: str | None = None


def choose(test_set: ScoredTestSet, options: Decision) -> Choice:
    """Return the configured threshold, or one chosen on training rows; test rows have no part in it."""
    if options.choose == "fixed":
        return Choice(options.threshold, "fixed", "conf/evaluate/metrics.yaml: decision.threshold")
    fit, held, words = held_out(test_set)
    try:
        (scores,) = refit(test_set, fit, [test_set.train.iloc[held]])
    except Exception as error:  # noqa: BLE001  fewer rows may be too few for a trainer
        return _fallback(test_set, options.threshold, described(error))
    truth = test_set.known[held]
    if not len(truth) or not scoring.defined(truth):
        reason = "the rows that were held out are of one class"
        return _fallback(test_set, options.threshold, reason)
    chosen, shortfall = best(truth, scores[:, 1], options)
    source = f"{words} ({len(held):,}), by the same trainer fitted to {len(fit):,} others"
    return Choice(chosen, options.choose, source, shortfall)


def _fallback(test_set: ScoredTestSet, fixed: float, reason: str) -> Choice:
    test_set.context.log(f"threshold: {fixed:g}, as none could be chosen: {reason}")
    return Choice(fixed, "fixed", "none could be chosen", reason)


def best(truth: np.ndarray, probability: np.ndarray, options: Decision) -> tuple[float, str | None]:
    """Return the best threshold, half-way between two distinct scores, and why it falls short.

    It has the maximum f1; or of the thresholds with at least `minimum` precision (recall), the maximum
    recall (precision); or the minimum cost, a missed row counting `missed_cost` false alarms.

    Args:
        truth: Of shape (rows,), 1 for the second class and 0 for the first; both occur.
        probability: The second class's, of shape (rows,).
        options: What to choose for.
    """
    order = np.argsort(-probability, kind="stable")
    ordered = probability[order].astype(float)
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    true_positives, predicted = truth[order].cumsum()[ends], ends + 1
    positives = true_positives[-1]
    precision, recall = true_positives / predicted, true_positives / positives
    lower = np.append(ordered[ends[1:]], 0.0)
    thresholds = (ordered[ends] + lower) / 2
    if options.choose == "f1":
        f1 = 2 * true_positives / (predicted + positives)
        return float(thresholds[np.argmax(f1)]), None
    if options.choose == "cost":
        missed, false_alarms = positives - true_positives, predicted - true_positives
        costs = false_alarms + options.missed_cost * missed
        return float(thresholds[np.argmin(costs)]), None
    kept, other = (precision, recall) if options.choose == "precision" else (recall, precision)
    enough = kept >= options.minimum
    if not enough.any():
        shortfall = f"no threshold has a {options.choose} of {options.minimum:g} there"
        return float(thresholds[np.argmax(kept)]), shortfall
    return float(thresholds[np.argmax(np.where(enough, other, -1.0))]), None


def predicted_positive(test_set: ScoredTestSet, choice: Choice) -> np.ndarray:
    """Return which rows are predicted to be of the second class, of shape (rows,).

    Above, and not at, the threshold: at 0.5 these are the model's own predictions.
    """
    above: np.ndarray = test_set.scores[:, 1] > choice.threshold
    return above


def table(test_set: ScoredTestSet, choice: Choice) -> dict[str, Any]:
    """Return the threshold and the metrics of the decisions that it makes on the test rows."""
    decided = predicted_positive(test_set, choice)
    positive = test_set.target == 1
    columns = np.column_stack([np.ones(len(decided)), positive, decided, positive & decided])

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows, positives, predicted, true_positives = (weights @ columns).tolist()
        return {
            **scoring.binary_decisions(rows, positives, predicted, true_positives),
            "predicted_positive": predicted / rows,
        }

    values = measured(np.ones(len(decided)))
    ends = bootstrap.percentile_intervals(
        map(measured, bootstrap.defined_draws(test_set.target, **test_set.settings))
    )
    rows, positives, predicted, true_positives = map(int, columns.sum(axis=0))
    return {
        "threshold": choice.threshold,
        "how": choice.how,
        "source": choice.source,
        "reason": choice.reason,
        "positive": test_set.classes[-1],
        "metrics": {
            name: dict(
                zip(("value", "low", "high"), (value, *ends.get(name, (None, None))), strict=True)
            )
            for name, value in values.items()
        },
        "confusion": {
            "true_positive": true_positives,
            "false_positive": predicted - true_positives,
            "false_negative": positives - true_positives,
            "true_negative": rows - positives - predicted + true_positives,
        },
    }
