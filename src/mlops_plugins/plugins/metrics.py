"""Evaluate: the task's metrics with intervals, a trivial baseline, curves and pictures."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators, files, scoring, tables
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.model import Model, open_model
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.stages import Context

CURVE_POINTS = 200
SCATTER_POINTS = 2000


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the evaluation."""
    yield Implementation(
        stage=Stage.EVALUATE,
        name="metrics",
        target="mlops_plugins.plugins.metrics:Metrics",
        summary="Metrics with intervals, a baseline, curves and pictures",
        extra="mlops-plugins[sklearn]",
        libraries=("scikit-learn",),
    )


class Metrics(Options):
    """Measures the model on the rows that were put aside."""

    resamples: int = Field(100, ge=20, description="Bootstrap resamples behind each 95 % interval.")

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write metrics, predictions, curves and pictures."""
        output.mkdir()
        opened = open_model(model)
        rows = tables.read_frame(splits / "test.parquet")
        estimators.require_target(rows, context, where="data/splits/test.parquet")
        target = scoring.positions(rows[context.data.target], opened.classes)
        scores = opened.scores(rows)
        summary = self._summary(context, opened, splits, target, scores)
        flat = {name: row["value"] for name, row in summary.items()}
        files.write_json(metrics, {**flat, "rows": len(target)})
        files.write_json(output / "summary.json", summary)
        tables.write_frame(_predictions(opened, rows, scores), output / "predictions.parquet")
        _draw(opened, target, scores, output)
        for line in _table(summary):
            context.say(line)

    def _summary(
        self,
        context: Context,
        opened: Model,
        splits: Path,
        target: np.ndarray,
        scores: np.ndarray,
    ) -> dict[str, dict[str, float]]:
        """Return each metric's value, its 95 % interval, and the trivial baseline's value."""
        task = context.data.task
        values = scoring.metrics(task, target, scores)
        trivial = _baseline(context, opened, splits, target)
        intervals = scoring.bootstrap(
            scoring.functions(task), target, scores, resamples=self.resamples, seed=context.seed
        )
        return {
            name: {"value": values[name], "low": low, "high": high, "baseline": trivial[name]}
            for name, (low, high) in intervals.items()
        }


def _table(summary: dict[str, dict[str, float]]) -> Iterable[str]:
    yield f"{'metric':<18} {'value':>8}  {'95 % interval':^18} {'baseline':>8}"
    for name, row in summary.items():
        interval = f"{row['low']:.4f} to {row['high']:.4f}"
        yield f"{name:<18} {row['value']:>8.4f}  {interval:^18} {row['baseline']:>8.4f}"


def _baseline(
    context: Context, opened: Model, splits: Path, target: np.ndarray
) -> dict[str, float]:
    """Return the metrics of always answering what the training rows hold on average."""
    import numpy as np

    learnt = tables.read(splits / "train.parquet").column(context.data.target).to_pandas()
    known = scoring.positions(learnt, opened.classes)
    if opened.classes is None:
        answer = np.full(len(target), known.mean())
    else:
        shares = np.bincount(known, minlength=len(opened.classes)) / len(known)
        answer = np.tile(shares, (len(target), 1))
    return scoring.metrics(context.data.task, target, answer)


def _predictions(opened: Model, rows: pd.DataFrame, scores: np.ndarray) -> pd.DataFrame:
    """Return the raw rows with their predictions: also the reference that monitoring compares with."""
    predicted = opened.predictions(scores, rows.index)
    return rows.join(predicted[[name for name in predicted.columns if name not in rows.columns]])


def _draw(opened: Model, target: np.ndarray, scores: np.ndarray, output: Path) -> None:
    if opened.task == "regression":
        _draw_regression(target, scores, output)
        return
    _draw_confusion(opened, target, scores, output)
    if opened.task == "binary":
        _draw_curves(target, scores[:, 1], output)


def _draw_curves(target: np.ndarray, score: np.ndarray, output: Path) -> None:
    import numpy as np
    from sklearn import metrics as m
    from sklearn.calibration import calibration_curve

    false_positive, true_positive, _ = m.roc_curve(target, score)
    precision, recall, _ = m.precision_recall_curve(target, score)
    observed, predicted = calibration_curve(target, score, n_bins=10, strategy="quantile")
    curves = {
        "roc": ("false positive rate", "true positive rate", false_positive, true_positive),
        "precision_recall": ("recall", "precision", recall[::-1], precision[::-1]),
        "calibration": ("predicted probability", "observed share", predicted, observed),
    }
    for name, (x_label, y_label, x, y) in curves.items():
        keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), CURVE_POINTS)).astype(int))
        _write_points(output / f"{name}.csv", x_label, y_label, x[keep], y[keep])
    _picture(curves, output / "curves.png")


def _write_points(path: Path, x_label: str, y_label: str, x: np.ndarray, y: np.ndarray) -> None:
    lines = [f"{x_label},{y_label}"]
    lines += [f"{one:.6f},{other:.6f}" for one, other in zip(x, y, strict=True)]
    files.write_text(path, "\n".join(lines) + "\n")


def _picture(curves: dict[str, tuple[str, str, Any, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(curves), 3.6), layout="constrained")
    for axes, (name, (x_label, y_label, x, y)) in zip(
        figure.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True
    ):
        axes.plot(x, y)
        if name != "precision_recall":
            axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
        axes.set(title=name.replace("_", " "), xlabel=x_label, ylabel=y_label)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _draw_confusion(opened: Model, target: np.ndarray, scores: np.ndarray, output: Path) -> None:
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    classes = opened.classes or []
    predicted = scores.argmax(axis=1)
    pairs = zip(target, predicted, strict=True)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["actual", "predicted"])
    writer.writerows([classes[actual], classes[guess]] for actual, guess in pairs)
    files.write_text(output / "confusion.csv", stream.getvalue())
    figure = Figure(figsize=(4.5, 3.8), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        target,
        predicted,
        labels=list(range(len(classes))),
        # A pair of $ would be read as mathematics.
        display_labels=[str(name).replace("$", r"\$") for name in classes],
        ax=figure.subplots(),
        colorbar=False,
        cmap="Blues",
    )
    figure.savefig(output / "confusion.png", dpi=100, metadata={"Software": None})


def _draw_regression(target: np.ndarray, scores: np.ndarray, output: Path) -> None:
    from matplotlib.figure import Figure

    step = max(len(target) // SCATTER_POINTS, 1)
    actual, predicted = target[::step], scores[::step]
    _write_points(output / "residuals.csv", "predicted", "residual", predicted, actual - predicted)
    figure = Figure(figsize=(4.5, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.scatter(predicted, actual, s=6, alpha=0.4)
    ends = [min(actual.min(), predicted.min()), max(actual.max(), predicted.max())]
    axes.plot(ends, ends, linestyle=":", color="grey")
    axes.set(xlabel="predicted", ylabel="actual", title="predicted and actual")
    figure.savefig(output / "residuals.png", dpi=100, metadata={"Software": None})
