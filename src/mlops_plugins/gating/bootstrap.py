"""The paired bootstrap: two models on the same rows, drawn again and again.

Metrics are computed from how often each row was drawn, so that sorting, or counting what belongs
together, is done once and not for each resample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import scoring
from mlops_plugins.gating.checks import UncomputableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from mlops_plugins.stages import Task

    Weighted = Callable[[np.ndarray], float]
    """A metric of rows that count so often each, of shape (rows,); NaN where it is not defined."""

FEWEST = 0.5
"""Least share of the resamples on which a metric must be defined."""


def primary(task: Task, target: np.ndarray, scores: np.ndarray) -> Weighted:
    """Return the task's primary metric, with the values of `scoring.functions`.

    Args:
        task: The task.
        target: True values of shape (rows,): for classes, their positions among the classes.
        scores: Probabilities of shape (rows, classes), or values of shape (rows,).
    """
    makers = {"roc_auc": _roc_auc, "balanced_accuracy": _balanced_accuracy, "r2": _r2}
    return makers[scoring.PRIMARY[task]](target, scores)


def _roc_auc(target: np.ndarray, scores: np.ndarray) -> Weighted:
    import numpy as np

    order = np.argsort(scores[:, 1], kind="stable")
    ordered, positive = scores[order, 1], target[order] == 1
    tied = np.flatnonzero(np.r_[True, np.diff(ordered) > 0])

    def value(weights: np.ndarray) -> float:
        drawn = weights[order]
        yes, all_drawn = np.where(positive, drawn, 0.0), np.add.reduceat(drawn, tied)
        hits = np.add.reduceat(yes, tied)
        misses = all_drawn - hits
        pairs = hits.sum() * misses.sum()
        # A pair of equal scores counts half.
        won = float((hits * (np.cumsum(misses) - misses / 2)).sum())
        return won / float(pairs) if pairs else float("nan")

    return value


def _balanced_accuracy(target: np.ndarray, scores: np.ndarray) -> Weighted:
    import numpy as np

    classes = scores.shape[1]
    cell = target * classes + scores.argmax(axis=1)

    def value(weights: np.ndarray) -> float:
        counts = np.bincount(cell, weights, classes**2).reshape(classes, classes)
        actual, predicted = counts.sum(axis=1), counts.sum(axis=0)
        if (actual > 0).sum() < 2:
            return float("nan")
        # As scikit-learn does it: a class that is only predicted counts as one with no row right.
        seen = (actual > 0) | (predicted > 0)
        recall = np.divide(counts.diagonal(), actual, out=np.zeros(classes), where=actual > 0)
        return float(recall[seen].mean())

    return value


def _r2(target: np.ndarray, scores: np.ndarray) -> Weighted:
    import numpy as np

    centred = target - target.mean()
    parts = np.stack([(target - scores) ** 2, centred, centred**2], axis=1)

    def value(weights: np.ndarray) -> float:
        missed, first, second = weights @ parts
        spread = second - first**2 / weights.sum()
        return float(1 - missed / spread) if spread > 0 else float("nan")

    return value


def gains(ours: Weighted, theirs: Weighted, rows: int, *, resamples: int, seed: int) -> np.ndarray:
    """Return ours minus theirs on each resample of the rows, of shape (at most resamples,).

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.

    Raises:
        UncomputableError: Too many resamples have too few classes.
    """
    import numpy as np

    found = np.empty(resamples)
    drawn = scoring.resampled_rows(rows, resamples=resamples, seed=seed)
    for place, chosen in enumerate(drawn):
        weights = np.bincount(chosen, minlength=rows).astype(float)
        found[place] = ours(weights) - theirs(weights)
    found = found[np.isfinite(found)]
    if len(found) < max(FEWEST * resamples, 2):
        raise UncomputableError(
            f"only {len(found)} of {resamples} resamples of {rows} rows have values or classes that differ"
        )
    return found


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
