"""Each metric of the task: its value, its interval, and what the baselines reach."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mlops_plugins.metrics import bootstrap, scoring, weighted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

    Summary = Mapping[str, Mapping[str, float | None]]


def values(test_set: ScoredTestSet, scores: np.ndarray) -> dict[str, float]:
    """Return the metrics of some scores of the test rows; NaN where one is not defined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that is what the NaN says
        return scoring.metrics(test_set.task, test_set.target, scores)


def summary(
    test_set: ScoredTestSet, trivial: Mapping[str, float], linear: Mapping[str, float] | None
) -> Summary:
    """Return for each metric its value, its 95 % interval, and both baselines' values."""
    measure = weighted.metrics(test_set.task, test_set.target, test_set.scores)
    drawn = map(measure, bootstrap.defined_draws(test_set.target, **test_set.settings))
    ends = bootstrap.percentile_intervals(drawn)
    nothing = (float("nan"), float("nan"))
    return {
        name: {
            "value": value,
            **dict(zip(("low", "high"), ends.get(name, nothing), strict=True)),
            "baseline": trivial[name],
            "linear": linear[name] if linear else None,
        }
        for name, value in values(test_set, test_set.scores).items()
    }


def lines(summary: Summary) -> Iterable[str]:
    """Give the summary as a table for people."""
    yield f"{'metric':<22} {'value':>8}  {'95 % interval':^18} {'baseline':>8} {'linear':>8}"
    for name, row in summary.items():
        interval = f"{_number(row['low'])} to {_number(row['high'])}"
        yield (
            f"{name:<22} {_number(row['value']):>8}  {interval:^18} "
            f"{_number(row['baseline']):>8} {_number(row['linear']):>8}"
        )


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.4f}"
