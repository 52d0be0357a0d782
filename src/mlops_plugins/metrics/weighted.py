"""The metrics of `scoring`, as functions of how often each row counts, for the bootstrap.

Rows are sorted once; scikit-learn would sort them for each resample.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.metrics import scoring

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_plugins.api.context import Task

    WeightedMetrics = Callable[[np.ndarray], dict[str, float]]
    """Takes how often each row counts, of shape (rows,), and returns each metric."""

    WeightedMetric = Callable[[np.ndarray], float]
    """The same for one metric; NaN where it is not defined."""


def metrics(task: Task, target: np.ndarray, scores: np.ndarray) -> WeightedMetrics:
    """Return every metric of `scoring.functions`, as one function of how often each row counts.

    Args:
        task: The task.
        target: As `scoring.metrics` takes it.
        scores: Likewise.
    """
    build: Callable[..., WeightedMetrics] = {
        "binary": _binary,
        "multiclass": _multiclass,
        "regression": _regression,
    }[task]
    return build(target, scores)


def primary(task: Task, target: np.ndarray, scores: np.ndarray) -> WeightedMetric:
    """Return the task's `scoring.PRIMARY`; NaN where it is not defined."""
    if task == "binary":
        return Ranking(target == 1, scores[:, 1]).auc
    if task == "multiclass":
        return Decisions(target, scores.argmax(1), scores.shape[1]).balanced_accuracy
    of_values = _regression(target, scores)
    return lambda weights: of_values(weights)["r2"]


class Ranking:
    """Rows of two classes, in the order of their score."""

    def __init__(self, positive: np.ndarray, score: np.ndarray) -> None:
        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        # Rows of the same score cannot be ranked: they count together.
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        self._positive = positive[self._order]

    def _cumulative(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the positive and the negative rows down to each distinct score, best first."""
        drawn = weights[self._order]
        true = (drawn * self._positive).cumsum()[self._ends]
        return true, drawn.cumsum()[self._ends] - true

    def auc(self, weights: np.ndarray) -> float:
        """Return the area under the ROC curve; NaN if a class has no rows."""
        true, false = self._cumulative(weights)
        if not true[-1] or not false[-1]:
            return math.nan
        beaten = false[-1] - false + np.diff(false, prepend=0) / 2
        return float(np.diff(true, prepend=0) @ beaten / (true[-1] * false[-1]))

    def average_precision(self, weights: np.ndarray) -> float:
        """Return the mean precision over the positive rows; NaN if a class has no rows."""
        true, false = self._cumulative(weights)
        if not true[-1] or not false[-1]:
            return math.nan
        precision = true / np.maximum(true + false, 1)
        return float(np.diff(true, prepend=0) @ precision / true[-1])

    def error(self) -> float:
        """Return the standard error of the area; NaN if a class has fewer than two rows.

        DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver
        operating characteristic curves, Biometrics 44, 1988.
        """
        true, false = self._cumulative(np.ones(len(self._order)))
        if min(true[-1], false[-1]) < 2:
            return math.nan
        positives, negatives = np.diff(true, prepend=0), np.diff(false, prepend=0)
        beaten = (false[-1] - false + negatives / 2) / false[-1]
        beating = (true - positives / 2) / true[-1]
        return math.sqrt(
            _variance(beaten, positives) / true[-1] + _variance(beating, negatives) / false[-1]
        )


def _variance(values: np.ndarray, counts: np.ndarray) -> float:
    mean = counts @ values / counts.sum()
    return float(counts @ (values - mean) ** 2 / (counts.sum() - 1))


class Decisions:
    """Rows of several classes, and the class that each is predicted to have, both as positions."""

    def __init__(self, target: np.ndarray, predicted: np.ndarray, classes: int) -> None:
        self._target, self._predicted, self._classes = target, predicted, classes
        self._correct = target == predicted

    def counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows of each class, those predicted to be of it, and those that are both."""

        def by_class(places: np.ndarray, drawn: np.ndarray) -> np.ndarray:
            return np.bincount(places, drawn, minlength=self._classes)

        correct = by_class(self._target[self._correct], weights[self._correct])
        return by_class(self._target, weights), by_class(self._predicted, weights), correct

    def __call__(self, weights: np.ndarray) -> dict[str, float]:
        """Return the metrics of the decisions."""
        return scoring.multiclass_decisions(*self.counts(weights))

    def balanced_accuracy(self, weights: np.ndarray) -> float:
        """Return the mean recall of the classes; NaN if there are fewer than two."""
        support, predicted, correct = self.counts(weights)
        if (support > 0).sum() < 2:
            return math.nan
        return scoring.multiclass_decisions(support, predicted, correct)["balanced_accuracy"]


def _losses(target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each row's loss, of shape (rows,), clipped as scikit-learn does."""
    smallest = np.finfo(scores.dtype).eps
    probability = np.clip(scores[np.arange(len(target)), target], smallest, 1 - smallest)
    losses: np.ndarray = -np.log(probability.astype(float))
    return losses


def _binary(target: np.ndarray, scores: np.ndarray) -> WeightedMetrics:
    ranking = Ranking(target == 1, scores[:, 1])
    predicted = scores.argmax(1)
    squares = (scores[:, 1] - target) ** 2
    columns = [np.ones(len(target)), target, predicted, target & predicted]
    table = np.column_stack([*columns, _losses(target, scores), squares])

    def measure(weights: np.ndarray) -> dict[str, float]:
        rows, positives, predicted, true_positives, loss, square = (weights @ table).tolist()
        return {
            "roc_auc": ranking.auc(weights),
            "average_precision": ranking.average_precision(weights),
            "log_loss": loss / rows,
            "brier": square / rows,
            **scoring.binary_decisions(rows, positives, predicted, true_positives),
        }

    return measure


def _multiclass(target: np.ndarray, scores: np.ndarray) -> WeightedMetrics:
    decisions = Decisions(target, scores.argmax(1), scores.shape[1])
    losses = _losses(target, scores)
    rankings = [Ranking(target == place, scores[:, place]) for place in np.unique(target)]

    def measure(weights: np.ndarray) -> dict[str, float]:
        areas = [area for area in (each.auc(weights) for each in rankings) if area == area]
        return {
            **decisions(weights),
            "roc_auc_ovr": float(np.mean(areas)) if areas else math.nan,
            "log_loss": float(weights @ losses / weights.sum()),
        }

    return measure


def _regression(target: np.ndarray, scores: np.ndarray) -> WeightedMetrics:
    errors = scores - target
    order = np.argsort(np.abs(errors), kind="stable")
    ordered = np.abs(errors)[order]
    # About its mean, or squares of great numbers would swallow their differences.
    centred = target - target.mean()
    shares = np.abs(errors / target) if target.all() else np.full(len(target), math.nan)
    columns = [np.ones(len(target)), centred, centred**2, errors, errors**2, np.abs(errors)]
    table = np.column_stack([*columns, shares])
    negligible = 1e-12 * float((centred**2).max(initial=0.0))

    def measure(weights: np.ndarray) -> dict[str, float]:
        rows, mean, square, bias, squares, absolute, share = (weights @ table).tolist()
        spread = square - mean**2 / rows
        constant = spread <= negligible * rows
        return {
            "rmse": math.sqrt(squares / rows),
            "mae": absolute / rows,
            "median_absolute_error": _median(ordered, weights[order]),
            "mape": share / rows,
            "bias": bias / rows,
            "r2": math.nan if constant else 1 - squares / spread,
            "explained_variance": math.nan if constant else 1 - (squares - bias**2 / rows) / spread,
        }

    return measure


def _median(ordered: np.ndarray, weights: np.ndarray) -> float:
    """Return the median of ordered values that count so often: of two in the middle, their mean."""
    upto = weights.cumsum()
    middle = [(upto[-1] - 1) // 2, upto[-1] // 2]
    return float(ordered[np.searchsorted(upto, middle, side="right")].mean())
