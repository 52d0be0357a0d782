"""All that an evaluation finds, before any of it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.stages.evaluate import (
    baselines,
    calibration,
    curves,
    fairness,
    learning_curve,
    sliced,
    summary,
    threshold,
)

if TYPE_CHECKING:
    from mlops_plugins.stages.evaluate.metrics import Metrics
    from mlops_plugins.stages.evaluate.test_set import Judged


def make(judged: Judged, options: Metrics) -> dict[str, Any]:
    """Return the tables, by the names of their JSON files.

    Raises:
        ConfigurationError: A slice's, or a sensitive, column does not exist.
    """
    trivial, (linear, reason) = baselines.trivial(judged), baselines.linear(judged)
    easy = summary.values(judged, trivial)
    straight = None if linear is None else summary.values(judged, linear)
    found = {
        "summary": summary.summary(judged, easy, straight),
        "baselines": {
            "trivial": easy,
            "linear": straight,
            "linear_reason": reason,
            "gain": baselines.gains(judged, {"trivial": trivial, "linear": linear}),
        },
        "calibration": calibration.table(judged),
        "slices": sliced.table(
            judged,
            options.slices,
            find=options.find_slices,
            min_rows=options.min_rows,
            max_found=options.max_found,
        ),
        "learning_curve": learning_curve.curve(judged, options.learning_curve),
        **_decided(judged, options),
    }
    if judged.task != "regression":
        found["classes"] = curves.classes(judged)
    return found


def _decided(judged: Judged, options: Metrics) -> dict[str, Any]:
    """Return what depends on the threshold, where there is one."""
    if judged.task != "binary":
        return {"fairness": fairness.table(judged, None, threshold=None, min_rows=options.min_rows)}
    choice = threshold.choose(
        judged,
        options.choose_threshold,
        fixed=options.threshold,
        least=options.least,
        missed_cost=options.missed_cost,
    )
    answered = threshold.predicted(judged, choice)
    return {
        "threshold": threshold.table(judged, choice),
        "fairness": fairness.table(
            judged, answered, threshold=choice.threshold, min_rows=options.min_rows
        ),
    }
