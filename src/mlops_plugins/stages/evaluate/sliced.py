"""Slices: how good the model is for the groups that were named, and where it is significantly worse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.evaluate.groups import groups
from mlops_plugins.stages.evaluate.row_losses import row_losses
from mlops_plugins.stages.evaluate.worse_slices import compare, search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.metrics.slices import Slice
    from mlops_plugins.stages.evaluate.options import Slicing
    from mlops_plugins.stages.evaluate.row_losses import RowLosses
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet


def table(test_set: ScoredTestSet, options: Slicing) -> dict[str, Any]:
    """Return the primary metric and the loss of each slice, and of the rows outside it.

    The search finds slices by the loss of their rows, and that is what is shown of them: a ranking
    is poor within any range of a strong feature, and `r2` wherever the truth varies little.

    Raises:
        ConfigurationError: There is no such column.
    """
    losses = row_losses(test_set.task, test_set.target, test_set.scores)
    skipped: list[dict[str, str]] = []
    entries = []
    for column in options.columns:
        require_column(test_set, column, where="conf/evaluate/metrics.yaml: slicing.columns")
        cut = groups(column, test_set.train[column], test_set.rows[column])
        if cut.reason:
            skipped.append({"label": column, "reason": cut.reason})
        entries += [_configured(test_set, losses, one, options.min_rows) for one in cut.slices]
    if options.search:
        worse, tested = search(test_set, min_rows=options.min_rows, apart=options.columns)
        for each in worse[: options.max_slices]:
            inside = each.slice.rows(test_set.rows)
            entry = _entry(test_set, losses, each.slice, inside, configured=False)
            entries.append({**entry, "p": each.p})
    else:
        tested = 0
    skipped += [
        {key: entry[key] for key in ("label", "reason")} for entry in entries if "reason" in entry
    ]
    return {
        "metric": test_set.metric,
        "loss": losses.name,
        "min_rows": options.min_rows,
        "tested": tested,
        "slices": [entry for entry in entries if "reason" not in entry],
        "skipped": skipped,
    }


def lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Give the slices that the search found, for people."""
    for one in table["slices"]:
        if not one["configured"]:
            loss = one["loss"]
            inside = _observed(loss["value"], loss["expected"])
            outside = _observed(loss["rest"], loss["rest_expected"])
            values = f"{table['loss']} {inside}, elsewhere {outside}"
            yield f"worse: {one['label']}: {values} ({one['rows']:,} rows)"


def _observed(value: float, expected: float | None) -> str:
    return f"{value:.4f}" + ("" if expected is None else f" where {expected:.4f} was expected")


def require_column(test_set: ScoredTestSet, column: str, *, where: str) -> None:
    """Go on only if the rows have this column.

    Raises:
        ConfigurationError: They have not.
    """
    names = [str(name) for name in test_set.rows.columns]
    if column not in names:
        raise ConfigurationError(
            f"There is no column '{column}'.{did_you_mean(column, names)}",
            where=where,
            expected="one of " + ", ".join(names),
            next_step="correct it there",
        )


def _configured(
    test_set: ScoredTestSet, losses: RowLosses, one: Slice, min_rows: int
) -> dict[str, Any]:
    """Return a slice that the team named, or the reason why it is not measured."""
    inside = one.rows(test_set.rows)
    count = int(inside.sum())
    if count < min_rows:
        return {"label": one.label, "reason": f"{count:,} rows, fewer than {min_rows:,}"}
    if not scoring.defined(test_set.target[inside]):
        return {"label": one.label, "reason": "its rows are of one class"}
    return _entry(test_set, losses, one, inside, configured=True)


def _entry(
    test_set: ScoredTestSet, losses: RowLosses, one: Slice, inside: np.ndarray, *, configured: bool
) -> dict[str, Any]:
    within = _measured(test_set, inside)
    outside = _measured(test_set, ~inside)
    value, rest = within[0], outside[0]
    # Both parts are drawn apart from each other, as no row is in both.
    pairs = zip(within[1], outside[1], strict=False)
    return {
        "slice": one.to_dict(),
        "label": one.label,
        "rows": int(inside.sum()),
        "value": value,
        "interval": list(bootstrap.percentile_interval(within[1])),
        "rest": rest,
        "configured": configured,
        "gap": bootstrap.with_interval(value - rest, [ours - theirs for ours, theirs in pairs]),
        "loss": compare(losses, inside).to_dict() if (~inside).sum() > 1 else None,
    }


def _measured(test_set: ScoredTestSet, chosen: np.ndarray) -> tuple[float, list[float]]:
    """Return the metric of some rows, and of their resamples."""
    target = test_set.target[chosen]
    if not len(target) or not scoring.defined(target):
        return math.nan, []
    function = weighted.primary(test_set.task, target, test_set.scores[chosen])
    drawn = bootstrap.defined_draws(target, **test_set.settings)
    return function(np.ones(len(target))), [function(weights) for weights in drawn]
