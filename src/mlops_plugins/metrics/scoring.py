"""The metrics of each task, one definition for evaluation, gate and monitoring."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np

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
        **{name: partial(_decided, name) for name in DECIDED},
    }


DECIDED = ("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "matthews")
"""Metrics of two classes that look at decisions alone."""


def _decided(name: str, target: np.ndarray, scores: np.ndarray) -> float:
    predicted = scores.argmax(1)
    hits = (target & predicted).sum()
    return decided(len(target), target.sum(), predicted.sum(), hits)[name]


def decided(rows: float, positives: float, asked: float, hits: float) -> dict[str, float]:
    """Return the metrics of decisions between two classes; a share of nothing is 0.

    Counted here: scikit-learn takes ten times as long, and the bootstrap asks so often.

    Args:
        rows: How many there are.
        positives: How many are of the second class.
        asked: How many are predicted to be.
        hits: How many are both.
    """
    negatives, false = rows - positives, asked - hits
    recall = _share(hits, positives)
    specificity = _share(negatives - false, negatives)
    spread = positives * negatives * asked * (rows - asked)
    both = positives > 0 and negatives > 0
    return {
        "accuracy": _share(rows - positives - asked + 2 * hits, rows),
        "balanced_accuracy": (recall + specificity) / 2 if both else math.nan,
        "precision": _share(hits, asked),
        "recall": recall,
        "specificity": specificity,
        "f1": _share(2 * hits, positives + asked),
        "matthews": _share(float(hits * rows - positives * asked), math.sqrt(spread)),
    }


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


def _multiclass() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        **{name: partial(_decided_among, name) for name in DECIDED_AMONG},
        "roc_auc_ovr": _roc_auc_ovr,
        "log_loss": lambda y, s: m.log_loss(y, s, labels=list(range(s.shape[1]))),
    }


DECIDED_AMONG = ("accuracy", "balanced_accuracy", "f1_macro", "matthews")
"""Metrics of several classes that look at decisions alone."""


def _decided_among(name: str, target: np.ndarray, scores: np.ndarray) -> float:
    import numpy as np

    predicted, count = scores.argmax(1), scores.shape[1]
    hits = np.bincount(target[target == predicted], minlength=count)
    support = np.bincount(target, minlength=count)
    return decided_among(support, np.bincount(predicted, minlength=count), hits)[name]


def decided_among(support: np.ndarray, asked: np.ndarray, hits: np.ndarray) -> dict[str, float]:
    """Return the metrics of decisions among several classes.

    A class that no row has and none is predicted to have is left out of means. Matthews: Gorodkin,
    Comparing two K-category assignments by a K-category correlation coefficient, 2004.

    Args:
        support: How many rows are of each class, of shape (classes,).
        asked: How many are predicted to be.
        hits: How many are both.
    """
    import numpy as np

    rows, right = support.sum(), hits.sum()
    met = (support + asked) > 0
    recall = hits[met] / np.maximum(support[met], 1)
    spread = float(rows**2 - (asked**2).sum()) * float(rows**2 - (support**2).sum())
    return {
        "accuracy": _share(right, rows),
        "balanced_accuracy": float(recall.mean()),
        "f1_macro": float((2 * hits[met] / (support[met] + asked[met])).mean()),
        "matthews": _share(float(right * rows - (support * asked).sum()), math.sqrt(spread)),
    }


def _roc_auc_ovr(target: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean of each class against the others, over the classes that have rows."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    met = [place for place in np.unique(target) if (target != place).any()]
    found = [roc_auc_score(target == place, scores[:, place]) for place in met]
    return float(np.mean(found)) if found else math.nan


def _regression() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        "rmse": m.root_mean_squared_error,
        "mae": m.mean_absolute_error,
        "median_absolute_error": m.median_absolute_error,
        # A share of nothing has no value; scikit-learn divides by the least number there is.
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
    import numpy as np

    from mlops_plugins.api.errors import DataError

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


def resampled_rows(rows: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Give row numbers drawn with replacement, the same for the same seed."""
    import numpy as np

    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield generator.integers(0, rows, rows)


def defined(target: np.ndarray) -> bool:
    """Return whether metrics are defined on these rows: classes need at least two of them."""
    return target.dtype.kind == "f" or bool((target != target[0]).any())
