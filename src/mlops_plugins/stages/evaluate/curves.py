"""The points that DVC plots, as CSV, and the table of classes."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics as m

from mlops_plugins.artifacts import files
from mlops_plugins.metrics import bootstrap
from mlops_plugins.metrics.weighted import Decisions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

CURVE_POINTS = 200
SCATTER_POINTS = 2000


def write(path: Path, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file: numbers with six decimals, nothing for what has no value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(map(_cell, row) for row in rows)
    files.write_text(path, stream.getvalue())


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:.6f}" if math.isfinite(value) else ""


def ranking(test_set: ScoredTestSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return some points of the ROC curve and of precision and recall; nothing for one class."""
    if test_set.target.min() == test_set.target.max():
        return {"roc": (np.empty(0), np.empty(0)), "precision_recall": (np.empty(0), np.empty(0))}
    score = test_set.scores[:, 1]
    false_positive, true_positive, _ = m.roc_curve(test_set.target, score)
    precision, recall, _ = m.precision_recall_curve(test_set.target, score)
    return {
        "roc": _thinned(false_positive, true_positive),
        "precision_recall": _thinned(recall[::-1], precision[::-1]),
    }


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), CURVE_POINTS)).astype(int))
    return x[keep], y[keep]


def by_threshold(test_set: ScoredTestSet) -> dict[str, np.ndarray]:
    """Return precision, recall and f1 of the test rows at thresholds from 0 to 1."""
    thresholds = np.linspace(0, 1, 101)
    score, positive = test_set.scores[:, 1].astype(float), test_set.target == 1
    ordered, positives = np.sort(score), np.sort(score[positive])
    predicted = len(ordered) - np.searchsorted(ordered, thresholds, side="right")
    true_positives = len(positives) - np.searchsorted(positives, thresholds, side="right")
    return {
        "threshold": thresholds,
        # Where no row is predicted positive there is no precision, and no point.
        "precision": np.where(predicted > 0, true_positives / np.maximum(predicted, 1), np.nan),
        "recall": true_positives / max(len(positives), 1),
        "f1": 2 * true_positives / np.maximum(predicted + len(positives), 1),
    }


def residuals(test_set: ScoredTestSet) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions and residuals (actual minus predicted) of some rows."""
    step = max(len(test_set.target) // SCATTER_POINTS, 1)
    return test_set.scores[::step], test_set.target[::step] - test_set.scores[::step]


def confusion(test_set: ScoredTestSet) -> np.ndarray:
    """Return how many rows of each class (first axis) are predicted as each, of shape (classes, classes)."""
    count = len(test_set.classes)
    pairs = test_set.target * count + test_set.scores.argmax(axis=1)
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def classes(test_set: ScoredTestSet) -> list[dict[str, Any]]:
    """Return for each class its rows, precision, recall and f1, with intervals."""
    decisions = Decisions(test_set.target, test_set.scores.argmax(axis=1), len(test_set.classes))

    def shares(weights: np.ndarray) -> dict[str, np.ndarray]:
        support, predicted, correct = decisions.counts(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "precision": correct / predicted,
                "recall": correct / support,
                "f1": 2 * correct / (support + predicted),
            }

    once = np.ones(len(test_set.target))
    support, predicted, _ = decisions.counts(once)
    overall = shares(once)
    resampled = [
        shares(weights) for weights in bootstrap.defined_draws(test_set.target, **test_set.settings)
    ]
    return [
        {
            "class": name,
            "rows": int(support[place]),
            "predicted": int(predicted[place]),
            **{
                key: bootstrap.with_interval(
                    values[place], (each[key][place] for each in resampled)
                )
                for key, values in overall.items()
            },
        }
        for place, name in enumerate(test_set.classes)
    ]


def write_all(test_set: ScoredTestSet, results: Mapping[str, Any], output: Path) -> None:
    """Write every CSV file of the task into the folder.

    Args:
        test_set: The scored test set.
        results: The tables, by the names of their JSON files.
        output: The folder.
    """
    names = {
        "roc": ["false positive rate", "true positive rate"],
        "precision_recall": ["recall", "precision"],
    }
    if test_set.task == "binary":
        for name, (x, y) in ranking(test_set).items():
            write(output / f"{name}.csv", names[name], zip(x.tolist(), y.tolist(), strict=True))
        columns = by_threshold(test_set)
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        write(output / "threshold.csv", list(columns), rows)
    if test_set.task == "regression":
        x, y = residuals(test_set)
        pairs = zip(x.tolist(), y.tolist(), strict=True)
        write(output / "residuals.csv", ["predicted", "residual"], pairs)
    else:
        named = test_set.classes
        guesses = test_set.scores.argmax(axis=1)
        pairs_of_classes = (
            [named[i], named[j]] for i, j in zip(test_set.target, guesses, strict=True)
        )
        write(output / "confusion.csv", ["actual", "predicted"], pairs_of_classes)
    header = ["predicted probability", "observed share"]
    if test_set.task == "regression":
        header = ["predicted", "observed"]
    bins = ([one["predicted"], one["observed"]] for one in results["calibration"]["bins"])
    write(output / "calibration.csv", header, bins)
    points = (
        [one["rows"], one["value"], one["train"]] for one in results["learning_curve"]["points"]
    )
    write(output / "learning_curve.csv", ["training rows", "value", "on its own rows"], points)
    overall = results["summary"][test_set.metric]["value"]
    slices = [
        [one["label"], one["value"]] for one in results["slices"]["slices"] if one["configured"]
    ]
    write(output / "slices.csv", ["slice", "value"], [["all rows", overall], *slices])
