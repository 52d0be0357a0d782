"""The search for slices in which the model errs significantly more than elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from pandas.api import types

from mlops_plugins.stages.evaluate.groups import groups
from mlops_plugins.stages.evaluate.row_losses import row_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from mlops_plugins.metrics.slices import Slice
    from mlops_plugins.stages.evaluate.row_losses import RowLosses
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

LEVEL = 0.05
"""The probability that the search reports any slice where none is worse."""

MINIMUM_GAP = 0.02
"""A slice is reported only if its excess Brier score is higher by so much, or for numbers its error by that share."""

COLUMN_VALUES = 100
"""A category of more values than these is not searched."""


@dataclass(frozen=True)
class Compared:
    """The loss inside a slice and outside it: means of the rows.

    Attributes:
        value: The loss inside.
        rest: The loss outside.
        expected: What the probabilities inside expect of it; None for numbers.
        rest_expected: The same outside.
        gap: The excess inside beyond the excess outside, positive where the slice is worse.
        error: The standard error of the gap.
    """

    value: float
    rest: float
    expected: float | None
    rest_expected: float | None
    gap: float
    error: float

    @property
    def material(self) -> bool:
        """Return whether the gap is large enough to matter."""
        scale = 1.0 if self.expected is not None else self.rest
        return self.gap >= MINIMUM_GAP * scale

    def to_dict(self) -> dict[str, Any]:
        """Return it as `slices.json` has it, the gap with its 95 % interval."""
        reach = NormalDist().inv_cdf(0.975) * self.error
        return {
            "value": self.value,
            "rest": self.rest,
            "expected": self.expected,
            "rest_expected": self.rest_expected,
            "gap": {"value": self.gap, "low": self.gap - reach, "high": self.gap + reach},
        }


@dataclass(frozen=True)
class WorseSlice:
    """A slice that is significantly worse.

    Attributes:
        slice: The slice.
        loss: Its loss, and that of the other rows.
        p: The probability of such a gap by chance, corrected for how many slices were tested.
    """

    slice: Slice
    loss: Compared
    p: float


def search(
    test_set: ScoredTestSet, *, min_rows: int, apart: Sequence[str] = ()
) -> tuple[list[WorseSlice], int]:
    """Return the slices of single inputs that are significantly worse, the worst first; and how many were tested.

    Each slice is compared with the other rows by a one-sided test of the difference of the mean
    excess loss. Of classes, that is the Brier score beyond what the probabilities themselves
    expect: where classes are hard to tell apart any score is worse, and a model that says so is
    not at fault. Holm's correction keeps the probability of any false positive at 5 % (A simple
    sequentially rejective multiple test procedure, 1979).

    Args:
        test_set: The scored test set.
        min_rows: Minimum rows of a slice, and of the others.
        apart: Columns that are not searched.
    """
    losses = row_losses(test_set.task, test_set.target, test_set.scores)
    tried: list[tuple[float, Compared, Slice]] = []
    for column in test_set.model.schema.inputs:
        searched = column in test_set.rows.columns and column not in apart
        if not searched or not _searchable(test_set, column):
            continue
        for one in groups(column, test_set.train[column], test_set.rows[column]).slices:
            inside = one.rows(test_set.rows)
            if min(inside.sum(), (~inside).sum()) < min_rows:
                continue
            loss = compare(losses, inside)
            if loss.error > 0:
                tried.append((_above(loss.gap / loss.error), loss, one))
    tried.sort(key=lambda each: (each[0], each[2].label))
    worse, corrected = [], 0.0
    for place, (p, loss, one) in enumerate(tried):
        corrected = min(max(corrected, p * (len(tried) - place)), 1.0)
        if corrected <= LEVEL and loss.material:
            worse.append(WorseSlice(one, loss, corrected))
    return sorted(worse, key=lambda each: (-each.loss.gap, each.slice.label)), len(tried)


def _searchable(test_set: ScoredTestSet, column: str) -> bool:
    values = test_set.train[column]
    return types.is_numeric_dtype(values) or values.nunique() <= COLUMN_VALUES


def compare(losses: RowLosses, inside: np.ndarray) -> Compared:
    """Return the losses of the rows of a mask, of shape (rows,), and of the others: two rows each at least."""
    ours, theirs = losses.excess[inside], losses.excess[~inside]
    expected = losses.expected
    return Compared(
        value=float(losses.observed[inside].mean()),
        rest=float(losses.observed[~inside].mean()),
        expected=None if expected is None else float(expected[inside].mean()),
        rest_expected=None if expected is None else float(expected[~inside].mean()),
        gap=float(ours.mean() - theirs.mean()),
        error=math.hypot(*(part.std(ddof=1) / math.sqrt(len(part)) for part in (ours, theirs))),
    )


def _above(z: float) -> float:
    """Return the probability of a normal value above `z`."""
    return math.erfc(z / math.sqrt(2)) / 2
