"""The metrics of each task, one definition for evaluation, gate and monitoring.

scikit-learn is imported where it is called: the gate and the monitor do without.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlops_plugins.api.context import Task

PRIMARY: Mapping[Task, str] = {
    "binary": "roc_auc",
    "multiclass": "balanced_accuracy",
    "regression": "r2",
}
"""The metric that the gate and the monitor look at; of all of them, more is better."""


def metrics(task: Task, target: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the task's metrics.

    Args:
        task: The task.
        target: True values of shape (rows,): for classes, their positions among the classes.
        scores: Probabilities of shape (rows, classes), or values of shape (rows,).
    """
    return {name: float(function(target, scores)) for name, function in functions(task).items()}


def functions(task: Task) -> dict[str, Callable[[Any, Any], float]]:
    """Return each metric of a task as a function of target and scores."""
    return {"binary": _binary, "multiclass": _multiclass, "regression": _regression}[task]()


def _binary() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        # Of one class alone there is no ranking.
        "roc_auc": lambda y, s: m.roc_auc_score(y, s[:, 1]) if defined(y) else math.nan,
        "average_precision": lambda y, s: (
            m.average_precision_score(y, s[:, 1]) if defined(y) else math.nan
        ),
        "log_loss": lambda y, s: m.log_loss(y, s, labels=[0, 1]),
        "brier": lambda y, s: m.brier_score_loss(y, s[:, 1]),
        **{name: partial(_binary_decision, name) for name in BINARY_DECISIONS},
    }


BINARY_DECISIONS = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "matthews",
)
"""Metrics of two classes that look at decisions alone."""


def _binary_decision(name: str, target: np.ndarray, scores: np.ndarray) -> float:
    predicted = scores.argmax(1)
    true_positives = (target & predicted).sum()
    return binary_decisions(len(target), target.sum(), predicted.sum(), true_positives)[name]


def binary_decisions(
    rows: float, positives: float, predicted: float, true_positives: float
) -> dict[str, float]:
    """Return the metrics of decisions between two classes; a share of nothing is 0.

    Own code, as scikit-learn takes ten times as long, and the bootstrap calls it for each resample.

    Args:
        rows: The number of rows.
        positives: Those of the second class.
        predicted: Those that are predicted to be of the second class.
        true_positives: Those that are both.
    """
    negatives, false_positives = rows - positives, predicted - true_positives
    recall = share(true_positives, positives)
    specificity = share(negatives - false_positives, negatives)
    spread = positives * negatives * predicted * (rows - predicted)
    both = positives > 0 and negatives > 0
    return {
        "accuracy": share(rows - positives - predicted + 2 * true_positives, rows),
        "balanced_accuracy": (recall + specificity) / 2 if both else math.nan,
        "precision": share(true_positives, predicted),
        "recall": recall,
        "specificity": specificity,
        "f1": share(2 * true_positives, positives + predicted),
        "matthews": share(float(true_positives * rows - positives * predicted), math.sqrt(spread)),
    }


def share(part: Any, total: Any, *, of_nothing: float = 0.0) -> float:
    """Return `part / total`, or `of_nothing` where the total is 0."""
    return float(part / total) if total else of_nothing


def _multiclass() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        **{name: partial(_multiclass_decision, name) for name in MULTICLASS_DECISIONS},
        "roc_auc_ovr": _roc_auc_ovr,
        "log_loss": lambda y, s: m.log_loss(y, s, labels=list(range(s.shape[1]))),
    }


MULTICLASS_DECISIONS = ("accuracy", "balanced_accuracy", "f1_macro", "matthews")
"""Metrics of several classes that look at decisions alone."""


def _multiclass_decision(name: str, target: np.ndarray, scores: np.ndarray) -> float:
    predicted, count = scores.argmax(1), scores.shape[1]
    correct = np.bincount(target[target == predicted], minlength=count)
    support = np.bincount(target, minlength=count)
    return multiclass_decisions(support, np.bincount(predicted, minlength=count), correct)[name]


def multiclass_decisions(
    support: np.ndarray, predicted: np.ndarray, correct: np.ndarray
) -> dict[str, float]:
    """Return the metrics of decisions among several classes.

    A class that no row has and none is predicted to have is left out of means. Matthews: Gorodkin,
    Comparing two K-category assignments by a K-category correlation coefficient, 2004.

    Args:
        support: The rows of each class, of shape (classes,).
        predicted: Those that are predicted to be of it.
        correct: Those that are both.
    """
    rows, right = support.sum(), correct.sum()
    occurs = (support + predicted) > 0
    recall = correct[occurs] / np.maximum(support[occurs], 1)
    spread = float(rows**2 - (predicted**2).sum()) * float(rows**2 - (support**2).sum())
    return {
        "accuracy": share(right, rows),
        "balanced_accuracy": float(recall.mean()),
        "f1_macro": float((2 * correct[occurs] / (support[occurs] + predicted[occurs])).mean()),
        "matthews": share(float(right * rows - (support * predicted).sum()), math.sqrt(spread)),
    }


def _roc_auc_ovr(target: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean of each class against the others, over the classes that have rows."""
    from sklearn.metrics import roc_auc_score

    occurring = [place for place in np.unique(target) if (target != place).any()]
    areas = [roc_auc_score(target == place, scores[:, place]) for place in occurring]
    return float(np.mean(areas)) if areas else math.nan


def _regression() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        "rmse": m.root_mean_squared_error,
        "mae": m.mean_absolute_error,
        "median_absolute_error": m.median_absolute_error,
        # A share of nothing has no value; scikit-learn divides by the smallest number there is.
        "mape": lambda y, s: m.mean_absolute_percentage_error(y, s) if y.all() else math.nan,
        "bias": lambda y, s: (s - y).mean(),
        "r2": lambda y, s: m.r2_score(y, s) if len(y) > 1 else math.nan,
        "explained_variance": lambda y, s: (
            m.explained_variance_score(y, s) if len(y) > 1 else math.nan
        ),
    }


def positions(target: Any, classes: Sequence[Any] | None) -> np.ndarray:
    """Return classes as their positions in `classes`, and values as they are.

    Raises:
        DataError: A class is not among `classes`.
    """
    values = np.asarray(target)
    if classes is None:
        return values.astype(float)
    place = {label: i for i, label in enumerate(classes)}
    unknown = sorted({value for value in values.tolist() if value not in place}, key=str)
    if unknown:
        raise DataError(
            f"The model has never seen the class {unknown[0]!r}.",
            expected="one of " + ", ".join(map(str, classes)),
            next_step="train on rows of this class, or remove them",
        )
    return np.array([place[value] for value in values.tolist()])


def defined(target: np.ndarray) -> bool:
    """Return whether metrics are defined on these rows: classes need at least two of them."""
    return target.dtype.kind == "f" or bool((target != target[0]).any())
