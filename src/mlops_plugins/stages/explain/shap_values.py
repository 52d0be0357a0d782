"""SHAP values by the library shap, which is given rows mixed of others as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap

from mlops_plugins.artifacts.schema import conform
from mlops_plugins.metrics import bootstrap
from mlops_plugins.stages.explain import shapley
from mlops_plugins.stages.explain.coalitions import Coalitions, explained_scores
from mlops_plugins.stages.explain.importance import RESAMPLES, Importance

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.explain import RowExplanation
    from mlops_plugins.artifacts.model_folder import Model

ORDERS = 3
"""Orders of the columns for each row; each is gone through from both ends."""

CHUNK = 50
"""Rows after which the progress is logged."""


def of_rows(
    context: Context, model: Model, background: pd.DataFrame, rows: pd.DataFrame
) -> np.ndarray:
    """Return the SHAP values of rows, of shape (rows, columns, outputs), and log the progress."""
    chunks = []
    for begin in range(0, len(rows), CHUNK):
        if begin:
            context.log(f"{begin:,} of {len(rows):,} rows explained")
        chunk = rows[begin : begin + CHUNK]
        chunks.append(_values(context, model, background, chunk, orders=ORDERS))
    return np.concatenate(chunks)


def of_one_row(
    context: Context, model: Model, background: pd.DataFrame, row: pd.DataFrame
) -> RowExplanation:
    """Return the SHAP values of one row, with their intervals over the orders of the columns."""
    known = conform(row, model.inputs)
    output = shapley.explained_output(explained_scores(model, known))
    repeated = known.iloc[np.zeros(shapley.PAIRS, dtype=int)]
    estimates = _values(context, model, background, repeated, orders=1)[:, :, output]
    base = float(explained_scores(model, background)[:, output].mean())
    return shapley.mean_of_pairs(base, list(map(str, known)), estimates)


def importances(context: Context, columns: list[str], values: np.ndarray) -> list[Importance]:
    """Return the mean of each column's absolute values, with its bootstrap interval.

    Args:
        context: The stage's context.
        columns: The columns' names.
        values: The SHAP values, of shape (rows, columns, outputs).
    """
    sizes = np.abs(values).mean(axis=2)
    weights = np.stack(list(bootstrap.draws(len(sizes), resamples=RESAMPLES, seed=context.seed)))
    low, high = np.percentile(weights @ sizes / len(sizes), [2.5, 97.5], axis=0)
    return [
        Importance(column=name, value=value, low=low, high=high)
        for name, value, low, high in zip(
            columns, sizes.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]


def _values(
    context: Context, model: Model, background: pd.DataFrame, rows: pd.DataFrame, *, orders: int
) -> np.ndarray:
    """Return the SHAP values of rows, of shape (rows, columns, outputs)."""
    coalitions = Coalitions(model, pd.concat([background, rows], ignore_index=True))
    # shap mixes numbers only: it is given each value's position in the pool, equal ones the same.
    positions = np.column_stack(
        [_first_positions(coalitions.pool[name]) for name in coalitions.pool]
    )
    known = positions[len(background) :]
    explainer = shap.PermutationExplainer(
        lambda mixed: coalitions.scores(mixed.astype(int)),
        shap.maskers.Independent(positions[: len(background)], max_samples=len(background)),
        seed=context.seed,
    )
    evaluations = 2 * known.shape[1] + 1
    explanation: Any = explainer(
        known, max_evals=orders * evaluations, batch_size=evaluations, silent=True
    )
    # One output has no axis of its own there.
    return np.asarray(explanation.values).reshape(*known.shape, -1)


def _first_positions(series: pd.Series[Any]) -> np.ndarray:
    """Return for each value where it, or a null if it is one, stands first."""
    codes, _ = pd.factorize(series, use_na_sentinel=False)
    _, first = np.unique(codes, return_index=True)
    return np.asarray(first[codes], dtype=float)
