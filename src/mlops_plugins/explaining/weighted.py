"""The primary metrics for many weightings of the same rows at once: a bootstrap in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import scoring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np


RESAMPLES = 200
"""Bootstrap samples for an interval."""


def resamples(rows: int, *, seed: int) -> np.ndarray:
    """Return how often each row is drawn in each bootstrap sample, of shape (RESAMPLES, rows)."""
    import numpy as np

    drawn = scoring.resampled_rows(rows, resamples=RESAMPLES, seed=seed)
    return np.stack([np.bincount(each, minlength=rows) for each in drawn]).astype(float)


def roc_auc(weights: np.ndarray, target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve for each weighting; NaN where a class has no weight."""
    import numpy as np

    _, places = np.unique(scores[:, 1], return_inverse=True)
    order = np.argsort(places, kind="stable")
    first = np.flatnonzero(np.diff(places[order], prepend=-1))
    taken, yes = weights[:, order], target[order] == 1
    positive = np.add.reduceat(taken * yes, first, axis=1)
    negative = np.add.reduceat(taken * ~yes, first, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2  # a tie counts as half a win
    with np.errstate(invalid="ignore"):
        area = (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
    return np.asarray(area)


def balanced_accuracy(weights: np.ndarray, target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the mean recall of the classes that have weight."""
    import numpy as np

    predicted = scores.argmax(axis=1)
    classes = np.union1d(target, predicted)
    of_class = target[:, None] == classes
    held = weights @ of_class
    right = weights @ (of_class & (predicted == target)[:, None])
    # As scikit-learn's macro average does: a class that is only predicted has the recall 0.
    shown = (held > 0) | (weights @ (predicted[:, None] == classes) > 0)
    recall = np.divide(right, held, out=np.zeros_like(right), where=held > 0)
    return np.asarray(recall.sum(axis=1) / shown.sum(axis=1))


def r2(weights: np.ndarray, target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the share of the variance that is predicted; NaN where the target does not vary."""
    import numpy as np

    centred = target - target.mean()
    whole = weights.sum(axis=1)
    variance = weights @ centred**2 - (weights @ centred) ** 2 / whole
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1 - weights @ (target - scores) ** 2 / variance
    return np.where(variance > 1e-12 * whole, found, np.nan)


METRICS: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "roc_auc": roc_auc,
    "balanced_accuracy": balanced_accuracy,
    "r2": r2,
}
"""Each of `scoring.PRIMARY`, as a function of weights (weightings, rows), target and scores."""
