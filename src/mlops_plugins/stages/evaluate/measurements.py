"""All tables of an evaluation, before any of them is written."""

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
    from collections.abc import Sequence

    from mlops_plugins.stages.evaluate.options import Decision, Slicing
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet


def measure(
    test_set: ScoredTestSet, *, decision: Decision, slicing: Slicing, shares: Sequence[float]
) -> dict[str, Any]:
    """Return the tables, by the names of their JSON files.

    Args:
        test_set: The scored test set.
        decision: How two classes are decided on.
        slicing: Which groups of rows are measured.
        shares: The training rows of each point of the learning curve.

    Raises:
        ConfigurationError: A slice's, or a sensitive, column does not exist.
    """
    trivial, (linear, reason) = baselines.trivial(test_set), baselines.linear(test_set)
    trivial_values = summary.values(test_set, trivial)
    linear_values = None if linear is None else summary.values(test_set, linear)
    tables = {
        "summary": summary.summary(test_set, trivial_values, linear_values),
        "baselines": {
            "trivial": trivial_values,
            "linear": linear_values,
            "linear_reason": reason,
            "gain": baselines.gains(test_set, {"trivial": trivial, "linear": linear}),
        },
        "calibration": calibration.table(test_set),
        "slices": sliced.table(test_set, slicing),
        "learning_curve": learning_curve.curve(test_set, shares),
        **_decisions(test_set, decision, slicing.min_rows),
    }
    if test_set.task != "regression":
        tables["classes"] = curves.classes(test_set)
    return tables


def _decisions(test_set: ScoredTestSet, decision: Decision, min_rows: int) -> dict[str, Any]:
    """Return what depends on the threshold, where there is one."""
    if test_set.task != "binary":
        return {"fairness": fairness.table(test_set, None, threshold=None, min_rows=min_rows)}
    choice = threshold.choose(test_set, decision)
    positive = threshold.predicted_positive(test_set, choice)
    return {
        "threshold": threshold.table(test_set, choice),
        "fairness": fairness.table(
            test_set, positive, threshold=choice.threshold, min_rows=min_rows
        ),
    }
