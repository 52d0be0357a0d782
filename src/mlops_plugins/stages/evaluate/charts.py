"""The pictures of an evaluation. What a colour says, a form, a place or a word says too."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from mlops_plugins.stages.evaluate import curves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

MAXIMUM_CLASSES = 15
"""The confusion picture has at most so many classes: those with most errors, and the others as one."""

MAXIMUM_DOTS = 40
"""A picture of slices or groups has at most so many."""

LINES = ("-", "--", "-.", ":")
GREY = {"linestyle": ":", "color": "grey"}


def draw_all(test_set: ScoredTestSet, results: Mapping[str, Any], output: Path) -> None:
    """Draw every picture of the task into the folder.

    Args:
        test_set: The scored test set.
        results: The tables, by the names of their JSON files.
        output: The folder.
    """
    if test_set.task == "binary":
        _curves(test_set, results["threshold"]["threshold"], output / "curves.png")
    if test_set.task == "regression":
        _residuals(test_set, output / "residuals.png")
    else:
        _confusion(test_set, output / "confusion.png")
    _calibration(test_set, results["calibration"], output / "calibration.png")
    _learning(results["learning_curve"], output / "learning_curve.png")
    _slices(results["slices"], results["summary"][test_set.metric]["value"], output / "slices.png")
    for place, column in enumerate(results["fairness"]["columns"]):
        _fairness(column, output / f"fairness-{place + 1}.png")


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    figure = Figure(figsize=(width, height), layout="tight")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _text(label: object) -> str:
    """Return a label in which a pair of $ is not read as mathematics."""
    text = str(label).replace("$", r"\$")
    return text if len(text) <= 40 else text[:39] + "…"


def _curves(test_set: ScoredTestSet, threshold: float, path: Path) -> None:
    figure, (roc, precise, chosen) = _figure(12, 3.6, 3)
    points = curves.ranking(test_set)
    roc.plot(*points["roc"])
    roc.plot([0, 1], [0, 1], **GREY)
    roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
    precise.plot(*points["precision_recall"])
    precise.axhline(float((test_set.target == 1).mean()), **GREY)
    precise.set(title="precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.05))
    columns = curves.by_threshold(test_set)
    for line, name in zip(LINES, ("precision", "recall", "f1"), strict=False):
        chosen.plot(columns["threshold"], columns[name], linestyle=line, label=name)
    chosen.axvline(threshold, **GREY)
    chosen.set(title=f"by threshold ({threshold:.3g} is used)", xlabel="threshold")
    chosen.legend(loc="lower left")
    _save(figure, path)


def _calibration(test_set: ScoredTestSet, table: Mapping[str, Any], path: Path) -> None:
    figure, (dots, counts) = _figure(8, 3.6, 2)
    bins = table["bins"]
    x, y = (np.array([one[key] for one in bins]) for key in ("predicted", "observed"))
    low, high = (np.array([one[key] for one in bins], dtype=float) for key in ("low", "high"))
    off = np.nan_to_num(np.array([y - low, high - y])).clip(min=0)
    ends = [min(x.min(), y.min()), max(x.max(), y.max())]
    dots.plot(ends, ends, **GREY)
    dots.errorbar(x, y, yerr=off, fmt="o", markersize=4, capsize=3)
    title = f"error {table['error']:.3g} ({table['low']:.3g} to {table['high']:.3g})"
    dots.set(title=title, xlabel=f"predicted: {_text(table['of'])}", ylabel="observed")
    values = test_set.scores
    if test_set.task == "binary":
        values = values[:, 1]
    elif test_set.task == "multiclass":
        values = values.max(axis=1)
    counts.hist(values, bins=30, edgecolor="white")
    counts.set(title="predictions", xlabel="predicted", ylabel="rows")
    _save(figure, path)


def _learning(table: Mapping[str, Any], path: Path) -> None:
    figure, (axes,) = _figure(5, 3.6)
    points = table["points"]
    rows, value, low, high, train = (
        np.array([one[key] for one in points], dtype=float)
        for key in ("rows", "value", "low", "high", "train")
    )
    off = np.nan_to_num(np.array([value - low, high - value])).clip(min=0)
    axes.errorbar(rows, value, yerr=off, fmt="o-", capsize=3, label="test rows (95 %)")
    axes.plot(rows, train, "s--", markerfacecolor="none", label="its own rows")
    axes.set(title="learning curve", xlabel="training rows", ylabel=table["metric"], xscale="log")
    axes.set_xticks(rows, [f"{int(count):,}" for count in rows])
    axes.minorticks_off()
    axes.legend()
    _save(figure, path)


def _dots(
    axes: Any, labels: Sequence[str], intervals: Sequence[tuple[float, float, float]]
) -> None:
    """Draw values with intervals, one below the other, the first on top."""
    value, low, high = np.array(intervals, dtype=float).reshape(-1, 3).T
    off = np.nan_to_num(np.array([value - low, high - value])).clip(min=0)
    place = np.arange(len(value))[::-1]
    axes.errorbar(value, place, xerr=off, fmt="o", markersize=4, capsize=3)
    axes.set_yticks(place, labels)
    axes.set_ylim(-0.7, len(value) - 0.3)


def _slices(table: Mapping[str, Any], overall: float, path: Path) -> None:
    """Draw the metric of the slices that were named, and the gap of those that were found."""
    named = [one for one in table["slices"] if one["configured"]][:MAXIMUM_DOTS]
    found = [one for one in table["slices"] if not one["configured"]]
    height = 1.2 + 0.25 * max(len(named), len(found), 2)
    figure, (left, right) = _figure(11, height, 2)
    _dots(left, _labels(named), [(one["value"], *one["interval"]) for one in named])
    if math.isfinite(overall):
        left.axvline(overall, **GREY)
    left.set(title=f"{table['metric']}; dotted: all rows" if named else "no slice is named")
    gaps = [one["loss"]["gap"] for one in found]
    _dots(right, _labels(found), [(gap["value"], gap["low"], gap["high"]) for gap in gaps])
    right.axvline(0, **GREY)
    right.set(title=f"worse: {table['loss']} more than elsewhere" if found else "none is worse")
    _save(figure, path)


def _labels(slices: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_text(one["label"]) for one in slices]


def _fairness(column: Mapping[str, Any], path: Path) -> None:
    shown = column["groups"][:MAXIMUM_DOTS]
    names = list(shown[0]["measures"])[:8] if shown else []
    figure, places = _figure(
        1.5 + 2 * max(len(names), 1), 1.2 + 0.3 * max(len(shown), 2), max(len(names), 1)
    )
    for position, (axes, name) in enumerate(zip(places, names, strict=False)):
        measured = [one["measures"][name] for one in shown]
        labels = [_text(one["label"]) if position == 0 else "" for one in shown]
        _dots(axes, labels, [(each["value"], each["low"], each["high"]) for each in measured])
        axes.set_title(_text(name).replace("_", " "), fontsize=9)
    _save(figure, path)


def _confusion(test_set: ScoredTestSet, path: Path) -> None:
    table, names = _pooled(curves.confusion(test_set), test_set.classes)
    count = len(names)
    side = 2.4 + 0.5 * count
    figure, (axes,) = _figure(side + 0.4, side)
    axes.imshow(table, cmap="Blues")
    for i in range(count):
        for j in range(count):
            colour = "white" if table[i, j] > table.max() / 2 else "black"
            axes.text(j, i, f"{table[i, j]}", ha="center", va="center", color=colour, fontsize=8)
    labels = [_text(name) for name in names]
    axes.set_xticks(range(count), labels, rotation=90 if count > 4 else 0)
    axes.set_yticks(range(count), labels)
    axes.set(xlabel="predicted", ylabel="actual")
    _save(figure, path)


def _pooled(table: np.ndarray, names: Sequence[Any]) -> tuple[np.ndarray, list[str]]:
    """Return the table with the classes of fewer errors as one, if there are too many."""
    if len(names) <= MAXIMUM_CLASSES:
        return table, list(map(str, names))
    errors = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    shown = np.sort(np.argsort(-errors, kind="stable")[: MAXIMUM_CLASSES - 1])
    place = np.full(len(names), MAXIMUM_CLASSES - 1)
    place[shown] = np.arange(len(shown))
    pooled = np.zeros((MAXIMUM_CLASSES, MAXIMUM_CLASSES), dtype=int)
    np.add.at(pooled, (place[:, None], place[None, :]), table)
    return pooled, [*(str(names[one]) for one in shown), f"{len(names) - len(shown)} others"]


def _residuals(test_set: ScoredTestSet, path: Path) -> None:
    figure, (agree, rest, spread, normal) = _figure(15, 3.6, 4)
    predicted, residual = curves.residuals(test_set)
    actual = predicted + residual
    agree.scatter(predicted, actual, s=6, alpha=0.4)
    ends = [min(actual.min(), predicted.min()), max(actual.max(), predicted.max())]
    agree.plot(ends, ends, **GREY)
    agree.set(xlabel="predicted", ylabel="actual", title="predicted and actual")
    rest.scatter(predicted, residual, s=6, alpha=0.4)
    rest.axhline(0, **GREY)
    rest.set(xlabel="predicted", ylabel="actual - predicted", title="residuals")
    spread.hist(residual, bins=30, edgecolor="white")
    spread.set(xlabel="actual - predicted", ylabel="rows", title="distribution of residuals")
    shares = (np.arange(100) + 0.5) / 100
    expected = np.array([NormalDist().inv_cdf(share) for share in shares])
    observed = np.quantile(residual, shares)
    normal.plot(expected, observed, "o", markersize=3)
    normal.plot(expected, residual.mean() + residual.std() * expected, **GREY)
    normal.set(xlabel="normal quantile", ylabel="residual", title="QQ plot")
    _save(figure, path)
