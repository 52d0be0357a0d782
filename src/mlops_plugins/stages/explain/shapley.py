"""Shapley values of one row, by orders in which its values replace those of other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mlops_plugins.api.contracts.explain import Contribution, RowExplanation
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.stages.explain.coalitions import (
    Coalitions,
    explained_scores,
    read_inputs,
    sample_rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context

BACKGROUND = 100
"""Rows of the reference that the row is compared with."""

PAIRS = 50
"""Orders that are drawn; each is gone through from both ends."""

STUDENT = 2.010
"""The 97.5 % quantile of Student's t with 49 degrees of freedom, for the mean of 50 pairs."""


def explain_row(
    context: Context, *, model: Path, reference: Path, row: pd.DataFrame
) -> RowExplanation:
    """Return the Shapley values of a row's columns, estimated from orders of the columns.

    A column that is not known yet has the values of the background rows. Going through an order
    from both ends (antithetic sampling: Mitchell, Cooper, Frank and Holmes, Sampling Permutations
    for Shapley Value Estimation, JMLR 23, 2022) is exact where no more than two columns act together.

    Raises:
        DataError: The row or the reference lacks a column, or the reference has no rows.
        ModelError: The model is missing or corrupt.
    """
    opened = open_model(model)
    generator = np.random.default_rng(context.seed)
    background = sample_rows(read_inputs(reference, opened), BACKGROUND, generator)
    known = conform(row, opened.inputs)
    output = explained_output(explained_scores(opened, known))
    coalitions = Coalitions(opened, pd.concat([background, known], ignore_index=True))
    estimates = np.stack([_estimate(coalitions, output, generator) for _ in range(PAIRS)])
    return mean_of_pairs(
        float(explained_scores(opened, background)[:, output].mean()),
        list(map(str, known)),
        estimates,
    )


def mean_of_pairs(base: float, columns: list[str], estimates: np.ndarray) -> RowExplanation:
    """Return the means of the estimates, of shape (PAIRS, columns), with their 95 % intervals."""
    values = estimates.mean(axis=0)
    margins = STUDENT * estimates.std(axis=0, ddof=1) / PAIRS**0.5
    return RowExplanation(
        base=base,
        contributions={
            name: Contribution(value=value, low=value - margin, high=value + margin)
            for name, value, margin in zip(columns, values.tolist(), margins.tolist(), strict=True)
        },
    )


def explained_output(scores: np.ndarray) -> int:
    """Return which of one row's outputs is explained: of several classes, the predicted one."""
    return int(scores[0].argmax())


def _estimate(coalitions: Coalitions, output: int, generator: np.random.Generator) -> np.ndarray:
    """Return the columns' contributions in one order and its reverse, averaged."""
    rows, columns = len(coalitions.pool) - 1, coalitions.pool.shape[1]
    order = generator.permutation(columns)
    known = np.zeros((2 * columns, columns), dtype=bool)
    for step in range(columns):
        # Those of the order one by one, up to all; then those of its reverse, from none on.
        known[step, order[: step + 1]] = True
        known[columns + step, order[columns - step :]] = True
    positions = np.where(known[:, None, :], rows, np.arange(rows)[None, :, None])
    scores = coalitions.scores(positions.reshape(-1, columns))[:, output]
    means = scores.reshape(2 * columns, rows).mean(axis=1)
    up, down = means[:columns], means[columns:]
    nothing, everything = down[0], up[-1]
    contributions = np.zeros(columns)
    contributions[order] = np.diff(np.concatenate([[nothing], up]))
    contributions[order[::-1]] += np.diff(np.concatenate([down, [everything]]))
    return contributions / 2
