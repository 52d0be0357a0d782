"""The metrics of `scoring`, with how often each row counts: what the bootstrap asks a hundred times.

A resample is how often each row was drawn. So rows are sorted once, and not once for each resample.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlops_plugins.metrics import scoring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from mlops_plugins.api.context import Task

    Measure = Callable[[np.ndarray], dict[str, float]]
    """Takes how often each row counts, of shape (rows,), and returns each metric."""

    Weighted = Callable[[np.ndarray], float]
    """A metric of rows that count so often each, of shape (rows,); NaN where it is not defined."""


def draws(rows: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Give how often each row was drawn, of shape (rows,), the same for the same seed."""
    import numpy as np

    for drawn in scoring.resampled_rows(rows, resamples=resamples, seed=seed):
        yield np.bincount(drawn, minlength=rows).astype(float)


def measure(task: Task, target: np.ndarray, scores: np.ndarray) -> Measure:
    """Return what measures every metric of `scoring.functions`.

    Args:
        task: The task.
        target: As `scoring.metrics` takes it.
        scores: Likewise.
    """
    made: Callable[..., Measure] = {
        "binary": _binary,
        "multiclass": _multiclass,
        "regression": _regression,
    }[task]
    return made(target, scores)


def primary(task: Task, target: np.ndarray, scores: np.ndarray) -> Weighted:
    """Return what measures the task's `scoring.PRIMARY` alone; NaN where it is not defined."""
    if task == "binary":
        return Ranking(target == 1, scores[:, 1]).auc
    if task == "multiclass":
        return Decisions(target, scores).balanced_accuracy
    errors = _regression(target, scores)
    return lambda weights: errors(weights)["r2"]


class Ranking:
    """Rows of two classes, in the order of their score."""

    def __init__(self, positive: np.ndarray, score: np.ndarray) -> None:
        import numpy as np

        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        # Rows of one score are told apart by nobody: they count together.
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        self._positive = positive[self._order]

    def _cumulated(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the positive and the negative rows down to each distinct score, best first."""
        drawn = weights[self._order]
        found = (drawn * self._positive).cumsum()[self._ends]
        return found, drawn.cumsum()[self._ends] - found

    def auc(self, weights: np.ndarray) -> float:
        """Return the area under the ROC curve; NaN if a class has no rows."""
        import numpy as np

        found, false = self._cumulated(weights)
        if not found[-1] or not false[-1]:
            return math.nan
        beaten = false[-1] - false + np.diff(false, prepend=0) / 2
        return float(np.diff(found, prepend=0) @ beaten / (found[-1] * false[-1]))

    def average_precision(self, weights: np.ndarray) -> float:
        """Return the mean precision over the positive rows; NaN if a class has no rows."""
        import numpy as np

        found, false = self._cumulated(weights)
        if not found[-1] or not false[-1]:
            return math.nan
        precision = found / np.maximum(found + false, 1)
        return float(np.diff(found, prepend=0) @ precision / found[-1])

    def error(self) -> float:
        """Return the standard error of the area; NaN if a class has fewer than two rows.

        DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver
        operating characteristic curves, Biometrics 44, 1988.
        """
        import numpy as np

        found, false = self._cumulated(np.ones(len(self._order)))
        if min(found[-1], false[-1]) < 2:
            return math.nan
        positives, negatives = np.diff(found, prepend=0), np.diff(false, prepend=0)
        beaten = (false[-1] - false + negatives / 2) / false[-1]
        beating = (found - positives / 2) / found[-1]
        return math.sqrt(
            _variance(beaten, positives) / found[-1] + _variance(beating, negatives) / false[-1]
        )


def _variance(values: np.ndarray, counts: np.ndarray) -> float:
    mean = counts @ values / counts.sum()
    return float(counts @ (values - mean) ** 2 / (counts.sum() - 1))


class Decisions:
    """Rows of several classes, and the class that each is predicted to have."""

    def __init__(self, target: np.ndarray, scores: np.ndarray) -> None:
        self._target, self._predicted = target, scores.argmax(1)
        self._classes = scores.shape[1]
        self._right = target == self._predicted

    def counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how many rows are of each class, are predicted to be, and are both."""
        import numpy as np

        def counted(place: np.ndarray, drawn: np.ndarray) -> np.ndarray:
            return np.bincount(place, drawn, minlength=self._classes)

        hits = counted(self._target[self._right], weights[self._right])
        return counted(self._target, weights), counted(self._predicted, weights), hits

    def __call__(self, weights: np.ndarray) -> dict[str, float]:
        """Return the metrics of the decisions."""
        return scoring.decided_among(*self.counts(weights))

    def balanced_accuracy(self, weights: np.ndarray) -> float:
        """Return the mean recall of the classes; NaN if there are fewer than two."""
        actual, predicted, hits = self.counts(weights)
        if (actual > 0).sum() < 2:
            return math.nan
        return scoring.decided_among(actual, predicted, hits)["balanced_accuracy"]


def _losses(target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each row's loss, of shape (rows,), clipped as scikit-learn does."""
    import numpy as np

    least = np.finfo(scores.dtype).eps
    chance = np.clip(scores[np.arange(len(target)), target], least, 1 - least)
    losses: np.ndarray = -np.log(chance.astype(float))
    return losses


def _binary(target: np.ndarray, scores: np.ndarray) -> Measure:
    import numpy as np

    ranking = Ranking(target == 1, scores[:, 1])
    predicted = scores.argmax(1)
    missed = (scores[:, 1] - target) ** 2
    columns = [np.ones(len(target)), target, predicted, target & predicted]
    table = np.column_stack([*columns, _losses(target, scores), missed])

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows, positives, asked, hits, loss, square = (weights @ table).tolist()
        return {
            "roc_auc": ranking.auc(weights),
            "average_precision": ranking.average_precision(weights),
            "log_loss": loss / rows,
            "brier": square / rows,
            **scoring.decided(rows, positives, asked, hits),
        }

    return measured


def _multiclass(target: np.ndarray, scores: np.ndarray) -> Measure:
    import numpy as np

    decisions, losses = Decisions(target, scores), _losses(target, scores)
    rankings = [Ranking(target == place, scores[:, place]) for place in np.unique(target)]

    def measured(weights: np.ndarray) -> dict[str, float]:
        areas = [area for area in (each.auc(weights) for each in rankings) if area == area]
        return {
            **decisions(weights),
            "roc_auc_ovr": float(np.mean(areas)) if areas else math.nan,
            "log_loss": float(weights @ losses / weights.sum()),
        }

    return measured


def _regression(target: np.ndarray, scores: np.ndarray) -> Measure:
    import numpy as np

    errors = scores - target
    order = np.argsort(np.abs(errors), kind="stable")
    ordered = np.abs(errors)[order]
    # About its mean, or squares of great numbers would swallow their differences.
    centred = target - target.mean()
    shares = np.abs(errors / target) if target.all() else np.full(len(target), math.nan)
    columns = [np.ones(len(target)), centred, centred**2, errors, errors**2, np.abs(errors)]
    table = np.column_stack([*columns, shares])
    nothing = 1e-12 * float((centred**2).max(initial=0.0))

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows, mean, square, bias, squares, absolute, share = (weights @ table).tolist()
        spread = square - mean**2 / rows
        constant = spread <= nothing * rows
        return {
            "rmse": math.sqrt(squares / rows),
            "mae": absolute / rows,
            "median_absolute_error": _median(ordered, weights[order]),
            "mape": share / rows,
            "bias": bias / rows,
            "r2": math.nan if constant else 1 - squares / spread,
            "explained_variance": math.nan if constant else 1 - (squares - bias**2 / rows) / spread,
        }

    return measured


def _median(ordered: np.ndarray, weights: np.ndarray) -> float:
    """Return the median of ordered values that count so often: of two in the middle, their mean."""
    import numpy as np

    upto = weights.cumsum()
    middle = [(upto[-1] - 1) // 2, upto[-1] // 2]
    return float(ordered[np.searchsorted(upto, middle, side="right")].mean())
