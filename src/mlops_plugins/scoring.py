"""The metrics of each task, one definition for evaluation, gate and monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np

    from mlops_plugins.stages import Task

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
        "roc_auc": lambda y, s: m.roc_auc_score(y, s[:, 1]),
        "average_precision": lambda y, s: m.average_precision_score(y, s[:, 1]),
        "log_loss": lambda y, s: m.log_loss(y, s, labels=[0, 1]),
        "brier": lambda y, s: m.brier_score_loss(y, s[:, 1]),
        "accuracy": lambda y, s: m.accuracy_score(y, s.argmax(1)),
        # Counted here: scikit-learn takes ten times as long, and the bootstrap asks so often.
        "precision": lambda y, s: _share((y & s.argmax(1)).sum(), s.argmax(1).sum()),
        "recall": lambda y, s: _share((y & s.argmax(1)).sum(), y.sum()),
        "f1": lambda y, s: _share(2 * (y & s.argmax(1)).sum(), y.sum() + s.argmax(1).sum()),
    }


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


def _multiclass() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        "accuracy": lambda y, s: m.accuracy_score(y, s.argmax(1)),
        "balanced_accuracy": lambda y, s: m.recall_score(
            y, s.argmax(1), average="macro", zero_division=0
        ),
        "f1_macro": lambda y, s: m.f1_score(y, s.argmax(1), average="macro", zero_division=0),
        "log_loss": lambda y, s: m.log_loss(y, s, labels=list(range(s.shape[1]))),
    }


def _regression() -> dict[str, Callable[[Any, Any], float]]:
    from sklearn import metrics as m

    return {
        "rmse": m.root_mean_squared_error,
        "mae": m.mean_absolute_error,
        "r2": m.r2_score,
    }


def positions(target: Any, classes: Sequence[Any] | None) -> np.ndarray:
    """Return classes as their positions in `classes`, and values as they are.

    Raises:
        DataError: A class is not among `classes`.
    """
    import numpy as np

    from mlops_plugins.errors import DataError

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


def bootstrap(
    functions: Mapping[str, Callable[[Any, Any], float]],
    target: np.ndarray,
    scores: np.ndarray,
    *,
    resamples: int,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile interval of each metric over the same resampled rows.

    Resamples that metrics are not defined on, such as those of one class, are left out; the
    intervals are NaN if all are. Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    ch. 13.
    """
    import numpy as np

    values: dict[str, list[float]] = {name: [] for name in functions}
    for rows in resampled_rows(len(target), resamples=resamples, seed=seed):
        drawn, answers = target[rows], scores[rows]
        if defined(drawn):
            for name, function in functions.items():
                values[name].append(function(drawn, answers))
    intervals = {}
    for name, found in values.items():
        low, high = np.percentile(found, [2.5, 97.5]) if found else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    return intervals


def resampled_rows(rows: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Give row numbers drawn with replacement, the same for the same seed."""
    import numpy as np

    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield generator.integers(0, rows, rows)


def defined(target: np.ndarray) -> bool:
    """Return whether metrics are defined on these rows: classes need at least two of them."""
    return target.dtype.kind == "f" or bool((target != target[0]).any())
