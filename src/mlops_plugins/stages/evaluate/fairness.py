"""Fairness: what the model's answers are for each group of the columns that were declared sensitive.

fairlearn's MetricFrame is not used: it takes the percentiles of the largest difference on each resample,
which is above 0 where groups do not differ, and would replace only the grouping of rows here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.metrics import bootstrap, weighted
from mlops_plugins.metrics.scoring import share
from mlops_plugins.stages.evaluate.groups import groups
from mlops_plugins.stages.evaluate.sliced import require_column

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_plugins.metrics.slices import Slice
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")
"""Measures of which a ratio says something: shares."""


def table(
    test_set: ScoredTestSet, decided: np.ndarray | None, *, threshold: float | None, min_rows: int
) -> dict[str, Any]:
    """Return for each sensitive column its groups, and the largest differences and ratios.

    Args:
        test_set: The scored test set.
        decided: Which rows are predicted to be of the second class, for two classes.
        threshold: Above which probability they are.
        min_rows: Minimum rows of a group; what is smaller is listed with the reason.

    Raises:
        ConfigurationError: There is no such column.
    """
    columns = test_set.context.data.sensitive
    tables = [_column(test_set, name, decided, min_rows) for name in columns]
    return {
        "sensitive": list(columns),
        "min_rows": min_rows,
        "threshold": threshold,
        "columns": tables,
    }


def _column(
    test_set: ScoredTestSet, name: str, decided: np.ndarray | None, min_rows: int
) -> dict[str, Any]:
    require_column(test_set, name, where="conf/config.yaml: data.sensitive")
    cut = groups(name, test_set.train[name], test_set.rows[name])
    masks = {one: one.rows(test_set.rows) for one in cut.slices}
    skipped = [{"label": name, "reason": cut.reason}] if cut.reason else []
    for one, mask in list(masks.items()):
        if mask.sum() < min_rows:
            reason = f"{int(mask.sum()):,} rows, fewer than {min_rows:,}"
            skipped.append({"label": one.label, "reason": reason})
            del masks[one]
    measures = {one: _measures(test_set, mask, decided) for one, mask in masks.items()}
    once = np.ones(len(test_set.target))
    values = {one: measure(once) for one, measure in measures.items()}
    resampled: dict[Slice, list[dict[str, float]]] = {one: [] for one in measures}
    for weights in bootstrap.defined_draws(test_set.target, **test_set.settings):
        for one, measure in measures.items():
            resampled[one].append(measure(weights))
    return {
        "column": name,
        "groups": [
            {
                "slice": one.to_dict(),
                "label": one.label,
                "rows": int(masks[one].sum()),
                "measures": {
                    key: bootstrap.with_interval(
                        value, [each.get(key, math.nan) for each in resampled[one]]
                    )
                    for key, value in values[one].items()
                },
            }
            for one in measures
        ],
        "largest": _largest(values, resampled),
        "skipped": skipped,
    }


def _measures(
    test_set: ScoredTestSet, mask: np.ndarray, decided: np.ndarray | None
) -> Callable[[np.ndarray], dict[str, float]]:
    """Return what measures one group, from how often each row counts."""
    places = mask.nonzero()[0]
    target, scores = test_set.target[places], test_set.scores[places]
    primary = weighted.primary(test_set.task, target, scores)
    rest = (
        _of_values(target, scores)
        if test_set.task == "regression"
        else _of_two(target, scores[:, 1], decided[places])
        if decided is not None
        else _of_classes(target, scores, test_set.classes)
    )

    def measured(weights: np.ndarray) -> dict[str, float]:
        drawn = weights[places]
        if not drawn.any():
            return {}
        return {**rest(drawn), test_set.metric: primary(drawn)}

    return measured


def _of_two(
    target: np.ndarray, probability: np.ndarray, decided: np.ndarray
) -> Callable[[np.ndarray], dict[str, float]]:
    positive = target == 1
    table = np.column_stack(
        [np.ones(len(target)), positive, decided, positive & decided, probability]
    ).astype(float)

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows, positives, predicted, true_positives, score = (weights @ table).tolist()
        return {
            "selection_rate": predicted / rows,
            "true_positive_rate": share(true_positives, positives, of_nothing=math.nan),
            "false_positive_rate": share(
                predicted - true_positives, rows - positives, of_nothing=math.nan
            ),
            "precision": share(true_positives, predicted, of_nothing=math.nan),
            "accuracy": (rows - positives - predicted + 2 * true_positives) / rows,
            "mean_score": score / rows,
            "calibration_gap": (score - positives) / rows,
        }

    return measured


def _of_classes(
    target: np.ndarray, scores: np.ndarray, classes: list[Any]
) -> Callable[[np.ndarray], dict[str, float]]:
    predicted = scores.argmax(1)
    right = (predicted == target).astype(float)
    top = scores.max(1)

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows = weights.sum()
        shares = np.bincount(predicted, weights, minlength=len(classes)) / rows
        return {
            "accuracy": float(weights @ right / rows),
            "mean_score": float(weights @ top / rows),
            "calibration_gap": float(weights @ (top - right) / rows),
            **{f"selection_rate of {name}": float(shares[i]) for i, name in enumerate(classes)},
        }

    return measured


def _of_values(target: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
    errors = scores - target

    def measured(weights: np.ndarray) -> dict[str, float]:
        rows = weights.sum()
        return {
            "mean_prediction": float(weights @ scores / rows),
            "mean_error": float(weights @ errors / rows),
            "mae": float(weights @ abs(errors) / rows),
        }

    return measured


def _largest(
    values: dict[Slice, dict[str, float]], resampled: dict[Slice, list[dict[str, float]]]
) -> dict[str, Any]:
    """Return for each measure the largest difference and the smallest ratio between two groups.

    The interval holds for all pairs at once, since the largest is chosen among them: it is widened by the 95th
    percentile of the largest distance between two groups' deviations from their own values.
    """
    largest: dict[str, Any] = {}
    for key in next(iter(values.values()), {}):
        known = {one: each[key] for one, each in values.items() if math.isfinite(each[key])}
        if len(known) < 2:
            continue
        top, bottom = max(known, key=lambda one: known[one]), min(known, key=lambda one: known[one])
        series = {one: [each.get(key, math.nan) for each in resampled[one]] for one in known}
        difference = known[top] - known[bottom]
        off = _spread(known, series, lambda value: value)
        largest[key] = {
            "highest": top.label,
            "lowest": bottom.label,
            "difference": {
                "value": difference,
                "low": max(difference - off, 0.0),
                "high": difference + off,
            },
        }
        if key in RATES or key.startswith("selection_rate"):
            largest[key]["ratio"] = _ratio(known, series, known[bottom], known[top])
    return largest


def _ratio(
    known: dict[Slice, float], series: dict[Slice, list[float]], lowest: float, highest: float
) -> dict[str, float]:
    value = share(lowest, highest, of_nothing=math.nan)
    if not lowest:
        return {"value": value, "low": math.nan, "high": math.nan}
    off = _spread(known, series, lambda value: math.log(value) if value > 0 else math.nan)
    return {
        "value": value,
        "low": value * math.exp(-off),
        "high": min(value * math.exp(off), 1.0),
    }


def _spread(
    known: dict[Slice, float],
    series: dict[Slice, list[float]],
    scale: Callable[[float], float],
) -> float:
    """Return the 95th percentile of the largest distance between two groups' deviations."""
    table = np.array([[scale(each) - scale(known[one]) for each in series[one]] for one in known])
    table = table[:, np.isfinite(table).all(axis=0)]
    return float(np.percentile(np.ptp(table, axis=0), 95)) if table.shape[1] else math.nan
