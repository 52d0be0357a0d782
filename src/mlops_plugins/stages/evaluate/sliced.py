"""Slices: how good the model is for the groups that were named, and where it is significantly worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api import types

from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.evaluate.groups import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlops_plugins.metrics.slices import Slice
    from mlops_plugins.stages.evaluate.options import Slicing
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

LEVEL = 0.05
"""The probability that the search reports any slice where none is worse."""

MINIMUM_GAP = 0.02
"""The search reports a slice only if its metric is lower by so much, or for numbers its error higher by that share."""

MINIMUM_OF_A_CLASS = 10
"""A slice is tested only with so many rows of each class that is ranked."""

COLUMN_VALUES = 100
"""A category of more values than these is not searched."""


@dataclass(frozen=True)
class WorseSlice:
    """A slice that is significantly worse.

    Attributes:
        slice: The slice.
        gap: By how much it is worse, negative.
        p: The probability of such a gap by chance, corrected for how many slices were tested.
    """

    slice: Slice
    gap: float
    p: float


def table(test_set: ScoredTestSet, options: Slicing) -> dict[str, Any]:
    """Return the primary metric of each slice and of the rows outside it.

    Raises:
        ConfigurationError: There is no such column.
    """
    skipped: list[dict[str, str]] = []
    entries = []
    for column in options.columns:
        require_column(test_set, column, where="conf/evaluate/metrics.yaml: slicing.columns")
        cut = groups(column, test_set.train[column], test_set.rows[column])
        if cut.reason:
            skipped.append({"label": column, "reason": cut.reason})
        entries += [_entry(test_set, one, options.min_rows, configured=True) for one in cut.slices]
    if options.search:
        worse, tested = search(test_set, min_rows=options.min_rows, apart=options.columns)
        for each in worse[: options.max_slices]:
            entry = _entry(test_set, each.slice, options.min_rows, configured=False)
            entries.append({**entry, "p": each.p})
    else:
        tested = 0
    skipped += [
        {key: entry[key] for key in ("label", "reason")} for entry in entries if "reason" in entry
    ]
    return {
        "metric": test_set.metric,
        "min_rows": options.min_rows,
        "tested": tested,
        "slices": [entry for entry in entries if "reason" not in entry],
        "skipped": skipped,
    }


def lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Give the slices that the search found, for people."""
    for one in table["slices"]:
        if not one["configured"]:
            values = f"{table['metric']} {one['value']:.4f}, elsewhere {one['rest']:.4f}"
            yield f"worse: {one['label']}: {values} ({one['rows']:,} rows)"


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


def _entry(
    test_set: ScoredTestSet, one: Slice, min_rows: int, *, configured: bool
) -> dict[str, Any]:
    inside = one.rows(test_set.rows)
    count = int(inside.sum())
    if count < min_rows:
        return {"label": one.label, "reason": f"{count:,} rows, fewer than {min_rows:,}"}
    if not scoring.defined(test_set.target[inside]):
        return {"label": one.label, "reason": "its rows are of one class"}
    within = _measured(test_set, inside)
    outside = _measured(test_set, ~inside)
    value, rest = within[0], outside[0]
    # Both parts are drawn apart from each other, as no row is in both.
    pairs = zip(within[1], outside[1], strict=False)
    entry: dict[str, Any] = {
        "slice": one.to_dict(),
        "label": one.label,
        "rows": count,
        "value": value,
        "interval": list(bootstrap.percentile_interval(within[1])),
        "rest": rest,
        "configured": configured,
        "gap": bootstrap.with_interval(value - rest, [ours - theirs for ours, theirs in pairs]),
    }
    if test_set.task == "regression":
        errors = abs(test_set.scores - test_set.target)
        entry["mae"] = float(errors[inside].mean())
        entry["mae_rest"] = float(errors[~inside].mean()) if count < len(inside) else None
    return entry


def _measured(test_set: ScoredTestSet, chosen: np.ndarray) -> tuple[float, list[float]]:
    """Return the metric of some rows, and of their resamples."""
    target = test_set.target[chosen]
    if not len(target) or not scoring.defined(target):
        return math.nan, []
    function = weighted.primary(test_set.task, target, test_set.scores[chosen])
    drawn = bootstrap.defined_draws(target, **test_set.settings)
    return function(np.ones(len(target))), [function(weights) for weights in drawn]


def search(
    test_set: ScoredTestSet, *, min_rows: int, apart: Sequence[str] = ()
) -> tuple[list[WorseSlice], int]:
    """Return the slices of single inputs that are significantly worse, the worst first; and how many were tested.

    Each slice is compared with the other rows by a one-sided test of the difference: of the areas under
    the ROC curve (DeLong), of the mean recall, or for numbers of the mean absolute error, as r2 is
    low wherever the truth varies little. Holm's correction keeps the probability of any false
    positive at 5 % (A simple sequentially rejective multiple test procedure, 1979).

    Args:
        test_set: The scored test set.
        min_rows: Minimum rows of a slice, and of the others.
        apart: Columns that are not searched.
    """
    compare = _comparison(test_set)
    tried: list[tuple[float, float, Slice]] = []
    for column in test_set.model.schema.inputs:
        searched = column in test_set.rows.columns and column not in apart
        if not searched or not _searchable(test_set, column):
            continue
        for one in groups(column, test_set.train[column], test_set.rows[column]).slices:
            inside = one.rows(test_set.rows)
            if min(inside.sum(), (~inside).sum()) < min_rows:
                continue
            gap, error = compare(inside)
            if error > 0:
                tried.append((_below(gap / error), gap, one))
    tried.sort(key=lambda each: (each[0], each[2].label))
    worse, corrected = [], 0.0
    for place, (p, gap, one) in enumerate(tried):
        corrected = min(max(corrected, p * (len(tried) - place)), 1.0)
        if corrected <= LEVEL and gap <= -MINIMUM_GAP:
            worse.append(WorseSlice(one, gap, corrected))
    return sorted(worse, key=lambda each: (each.gap, each.slice.label)), len(tried)


def _searchable(test_set: ScoredTestSet, column: str) -> bool:
    values = test_set.train[column]
    return types.is_numeric_dtype(values) or values.nunique() <= COLUMN_VALUES


def _below(z: float) -> float:
    """Return the probability of a normal value below `z`."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _comparison(test_set: ScoredTestSet) -> Callable[[np.ndarray], tuple[float, float]]:
    """Return what compares the rows of a mask with the others: the gap, and its standard error."""
    if test_set.task == "binary":
        # Sorted once: sorting what is sorted takes no time.
        order = np.argsort(-test_set.scores[:, 1], kind="stable")
        positive, score = test_set.target[order] == 1, test_set.scores[order, 1]

        def areas(inside: np.ndarray) -> tuple[float, float]:
            mask = inside[order]
            (one, e_one), (other, e_other) = (
                _area(positive[part], score[part]) for part in (mask, ~mask)
            )
            return one - other, math.hypot(e_one, e_other)

        return areas
    if test_set.task == "multiclass":
        right = test_set.scores.argmax(1) == test_set.target
        count = len(test_set.classes)

        def recalls(inside: np.ndarray) -> tuple[float, float]:
            (one, e_one), (other, e_other) = (
                _mean_recall(test_set.target[part], right[part], count)
                for part in (inside, ~inside)
            )
            return one - other, math.hypot(e_one, e_other)

        return recalls
    errors = np.abs(test_set.scores - test_set.target)

    def means(inside: np.ndarray) -> tuple[float, float]:
        (one, e_one), (other, e_other) = (
            (part.mean(), part.std(ddof=1) / math.sqrt(len(part)))
            for part in (errors[inside], errors[~inside])
        )
        scale = float(other) or 1.0
        return float(other - one) / scale, math.hypot(e_one, e_other) / scale

    return means


def _area(positive: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    positives = int(positive.sum())
    if min(positives, len(positive) - positives) < MINIMUM_OF_A_CLASS:
        return math.nan, math.nan
    ranking = weighted.Ranking(positive, score)
    return ranking.auc(np.ones(len(score))), ranking.error()


def _mean_recall(target: np.ndarray, right: np.ndarray, count: int) -> tuple[float, float]:
    """Return the mean recall of the classes, and its error, a class's by Agresti and Coull's estimate."""
    support = np.bincount(target, minlength=count)
    met = support > 0
    if support[met].min() < MINIMUM_OF_A_CLASS:
        return math.nan, math.nan
    hits = np.bincount(target[right], minlength=count)[met]
    smooth = (hits + 2) / (support[met] + 4)
    variance = smooth * (1 - smooth) / (support[met] + 4)
    return float((hits / support[met]).mean()), math.sqrt(float(variance.sum())) / int(met.sum())
