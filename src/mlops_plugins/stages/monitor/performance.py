"""Whether the model still predicts as well, on the rows whose labels have arrived."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlops_plugins.artifacts.predicted import name_of
from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.monitor.columns import MAXIMUM_ROWS, Table, floats, label, labels
from mlops_plugins.stages.monitor.report_parts import decided

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    import pandas as pd

    from mlops_plugins.api.context import Context, Task
    from mlops_plugins.metrics.weighted import WeightedMetric

RESAMPLES: Final = 200


def measure(
    before: Table,
    after: Table,
    context: Context,
    classes: Sequence[Any] | None,
    *,
    raw: Container[str],
    min_labels: int,
    max_drop: float,
    enough: bool,
) -> dict[str, Any]:
    """Return the report's section `performance`; `raw` are the raw columns."""
    old, new = (_labelled(table, context, classes, raw) for table in (before, after))
    section: dict[str, Any] = {
        "metric": scoring.PRIMARY[context.data.task],
        "n_reference": len(old[0]),
        "n_current": len(new[0]),
        "coverage": len(new[0]) / after.rows if after.rows else 0.0,
        "method": f"bootstrap, {RESAMPLES} resamples, 95% interval",
        "threshold": max_drop,
        "reasons": [],
    }
    if len(new[0]) >= min_labels:
        section |= _values(old, new, context)
    section["status"] = section["decision"] = _status(section, max_drop, enough=enough)
    if section["status"] == "alarm":
        section["reasons"] = [_reason(section)]
    return section


def _status(section: dict[str, Any], max_drop: float, *, enough: bool) -> str:
    high = section.get("change", {}).get("high", math.nan)
    if not math.isfinite(high):
        return decided("insufficient_labels", enough=enough)
    lost = high < -max_drop
    return decided("alarm" if lost else "ok", enough=enough)


def _reason(section: dict[str, Any]) -> str:
    return (
        f"{section['metric']} fell from {section['reference']:.3f} to {section['current']:.3f} "
        f"(95% interval {section['low']:.3f} to {section['high']:.3f}, "
        f"{section['n_current']:,} labelled rows)"
    )


def _labelled(
    table: Table, context: Context, classes: Sequence[Any] | None, raw: Container[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions of the rows that have both."""
    task = context.data.task
    target = table.read(context.data.target)
    predicted = table.read(name_of("prediction" if task == "multiclass" else "score", raw))
    if target is None or predicted is None:
        return np.empty(0), np.empty(0)
    truth = floats(target) if task == "regression" else _codes(target, classes)
    guess = _codes(predicted, classes) if task == "multiclass" else floats(predicted)
    known = np.isfinite(truth) & np.isfinite(guess)
    last = len(classes or ()) - 1
    return (truth[known] == last if task == "binary" else truth[known]), guess[known]


def _codes(series: pd.Series[Any], classes: Sequence[Any] | None) -> np.ndarray:
    """Return each class's place in `classes`, NaN where it is missing; -1 for a new class."""
    kind = "boolean" if set(classes or ()) <= {True, False} else "category"
    places = {label(one, kind): float(place) for place, one in enumerate(classes or ())}
    names = labels(series, kind)
    return floats(names.map(places).fillna(-1.0).where(names.notna()))


def _values(
    old: tuple[np.ndarray, np.ndarray], new: tuple[np.ndarray, np.ndarray], context: Context
) -> dict[str, Any]:
    """Return the metric of both, and by resampling their rows its interval, and that of its change."""
    task, generator = context.data.task, np.random.default_rng(context.seed)
    now = _resampled(new, task, generator)
    before = _resampled(old, task, generator)
    reference = weighted_metric(task, *old)(np.ones(len(old[0])))
    current = weighted_metric(task, *new)(np.ones(len(new[0])))
    low, high = bootstrap.percentile_interval(now)
    differences = (one - other for one, other in zip(now, before, strict=True))
    return {
        "reference": reference,
        "current": current,
        "low": low,
        "high": high,
        "change": bootstrap.with_interval(current - reference, differences),
    }


def _resampled(
    rows: tuple[np.ndarray, np.ndarray], task: Task, generator: np.random.Generator
) -> list[float]:
    """Return the metric of each resample."""
    sampled = generator.permutation(len(rows[0]))[:MAXIMUM_ROWS]
    metric = weighted_metric(task, rows[0][sampled], rows[1][sampled])
    drawn = bootstrap.draws(len(sampled), resamples=RESAMPLES, seed=generator)
    return [metric(weights) for weights in drawn]


def weighted_metric(task: Task, target: np.ndarray, predicted: np.ndarray) -> WeightedMetric:
    """Return the task's primary metric as a function of how often each row counts.

    Args:
        task: What is predicted.
        target: True for the positive class, the class's position or -1, or the value.
        predicted: The positive class's probability, the class's position, or the value.
    """
    if not len(target):
        return lambda _: math.nan
    if task == "binary":
        return weighted.Ranking(target, predicted).auc
    if task == "regression":
        return weighted.primary(task, target, predicted)
    return _mean_recall(target, predicted)


def _mean_recall(target: np.ndarray, predicted: np.ndarray) -> WeightedMetric:
    """Return the balanced accuracy over the classes that have rows.

    A window may lack a class that the model answers now and then: that is no loss of performance.
    """
    # New classes are at -1.
    places, answers = (values.astype(int) + 1 for values in (target, predicted))
    decisions = weighted.Decisions(places, answers, 1 + int(max(places.max(), answers.max())))

    def metric(weights: np.ndarray) -> float:
        support, _, correct = decisions.counts(weights)
        return float(np.mean(correct[support > 0] / support[support > 0]))

    return metric
