"""Whether the model still predicts as well, on the rows whose labels have arrived."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mlops_plugins.metrics.scoring import PRIMARY
from mlops_plugins.stages.monitor.columns import MOST_ROWS, Table, floats, label, labels
from mlops_plugins.stages.monitor.report_parts import decided

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context, Task

RESAMPLES: Final = 200


def measure(
    before: Table,
    after: Table,
    context: Context,
    classes: Sequence[Any] | None,
    *,
    min_labels: int,
    max_drop: float,
    enough: bool,
) -> dict[str, Any]:
    """Return the report's section `performance`."""
    old, new = (_labelled(table, context, classes) for table in (before, after))
    found: dict[str, Any] = {
        "metric": PRIMARY[context.data.task],
        "n_reference": len(old[0]),
        "n_current": len(new[0]),
        "coverage": len(new[0]) / after.rows if after.rows else 0.0,
        "method": f"bootstrap, {RESAMPLES} resamples, 95% interval",
        "threshold": max_drop,
        "reasons": [],
    }
    if len(new[0]) >= min_labels:
        found |= _values(old, new, context)
    found["status"] = found["decision"] = _status(found, max_drop, enough=enough)
    if found["status"] == "alarm":
        found["reasons"] = [_reason(found)]
    return found


def _status(found: dict[str, Any], max_drop: float, *, enough: bool) -> str:
    if not all(math.isfinite(found.get(key, math.nan)) for key in ("reference", "high")):
        return decided("insufficient_labels", enough=enough)
    lost = found["high"] < found["reference"] - max_drop
    return decided("alarm" if lost else "ok", enough=enough)


def _reason(found: dict[str, Any]) -> str:
    return (
        f"{found['metric']} fell from {found['reference']:.3f} to {found['current']:.3f} "
        f"(95% interval {found['low']:.3f} to {found['high']:.3f}, "
        f"{found['n_current']:,} labelled rows)"
    )


def _labelled(
    table: Table, context: Context, classes: Sequence[Any] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions of the rows that have both."""
    import numpy as np

    task = context.data.task
    target = table.read(context.data.target)
    predicted = table.read("prediction" if task == "multiclass" else "score")
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
    """Return the metric of both, and the interval of the window's by resampling its rows."""
    import numpy as np

    task, draw = context.data.task, np.random.default_rng(context.seed)
    sampled = draw.permutation(len(new[0]))[:MOST_ROWS]
    target, predicted = new[0][sampled], new[1][sampled]
    values = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(len(target), size=len(target))
        values.append(primary_metric(task, target[chosen], predicted[chosen]))
    defined = [value for value in values if np.isfinite(value)] or [np.nan]
    low, high = np.quantile(defined, [0.025, 0.975])
    return {
        "reference": primary_metric(task, *old),
        "current": primary_metric(task, *new),
        "low": float(low),
        "high": float(high),
    }


def primary_metric(task: Task, target: np.ndarray, predicted: np.ndarray) -> float:
    """Return the metric by which models of this task are judged, NaN where it is not defined.

    It is not left to scikit-learn, which a monitor need not have.

    Args:
        task: What is predicted.
        target: True for the positive class, the class, or the value.
        predicted: The positive class's probability, the class, or the value.
    """
    import numpy as np
    from scipy import stats

    if task == "binary":
        ones, zeros = int(target.sum()), int((~target).sum())
        above = stats.rankdata(predicted)[target].sum() - ones * (ones + 1) / 2
        return float(above / (ones * zeros)) if ones and zeros else float("nan")
    if task == "multiclass":
        hits = [np.mean(predicted[target == one] == one) for one in np.unique(target)]
        return float(np.mean(hits)) if hits else float("nan")
    spread = float(np.sum((target - target.mean()) ** 2)) if len(target) else 0.0
    return 1 - float(np.sum((target - predicted) ** 2)) / spread if spread else float("nan")
