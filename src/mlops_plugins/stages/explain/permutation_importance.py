"""The permutation importance of each raw column, with its interval.

scikit-learn's `permutation_importance` takes an estimator and gives one number a repeat; this takes the
model with its features, and measures each shuffle on bootstrap samples of the rows too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.artifacts.schema import conform
from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.explain.importance import RESAMPLES, Importance

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.model_folder import Model


def importances(
    context: Context,
    model: Model,
    test: pd.DataFrame,
    repeats: int,
    generator: np.random.Generator,
) -> Iterator[Importance]:
    """Give each column's mean loss, and its interval over bootstrap samples of the rows.

    A row keeps what it was shuffled with, so the interval holds the uncertainty of both.
    """
    target = scoring.positions(test[context.data.target], model.classes)
    # Read into the schema's types once, not once for each shuffle.
    rows = conform(test, model.inputs)
    resamples = bootstrap.draws(len(rows), resamples=RESAMPLES, seed=context.seed)
    weights = np.stack([np.ones(len(rows)), *resamples])

    def metrics(rows: pd.DataFrame) -> np.ndarray:
        """Return the metric on the rows as they are, and then on each resample."""
        scores = model.predictor.scores(model.recipe(rows))
        metric = weighted.primary(context.data.task, target, scores)
        return np.array([metric(each) for each in weights])

    baseline = metrics(rows)
    for name in model.schema.inputs:
        losses = np.zeros_like(baseline)
        for _ in range(repeats):
            shuffled = rows.copy(deep=False)
            order = generator.permutation(len(rows))
            shuffled[name] = rows[name].iloc[order].set_axis(rows.index)
            losses += (baseline - metrics(shuffled)) / repeats
        low, high = bootstrap.percentile_interval(losses[1:])
        yield Importance(column=name, value=float(losses[0]), low=low, high=high)
