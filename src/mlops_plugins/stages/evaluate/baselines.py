"""Baselines: what the training rows hold on average, and a linear model of the same features."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from mlops_plugins import estimators
from mlops_plugins.metrics import bootstrap, weighted
from mlops_plugins.stages.evaluate.refit import aligned, features_of, some_rows

if TYPE_CHECKING:
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

LINEAR_ROWS = 20_000
"""The linear baseline learns from at most so many rows: it gains little from more."""

MAXIMUM_CATEGORIES = 50
"""Maximum number of one-hot columns made from one category."""

ITERATIONS = 300


def trivial(test_set: ScoredTestSet) -> np.ndarray:
    """Return the prediction that is the same for each row: the training rows' shares, or their mean."""
    known, rows = test_set.known, len(test_set.target)
    if not test_set.classes:
        return np.full(rows, known.mean())
    shares = np.bincount(known, minlength=len(test_set.classes)) / len(known)
    return np.tile(shares, (rows, 1))


def linear(test_set: ScoredTestSet) -> tuple[np.ndarray | None, str | None]:
    """Return a linear model's scores of the test rows, or None and the reason.

    Logistic regression, for numbers ridge regression, on the model's own features, scaled and with
    one column a category.
    """
    if test_set.known.min() == test_set.known.max():
        return None, "the training rows hold one value of the target"
    try:
        return _linear(test_set), None
    except Exception as error:  # noqa: BLE001  features that no linear model takes are no failure
        return None, " ".join(str(error).split())[:200]


def _linear(test_set: ScoredTestSet) -> np.ndarray:
    context = test_set.context
    places = some_rows(test_set, LINEAR_ROWS / len(test_set.train))
    table = estimators.prepared(features_of(test_set, test_set.train.iloc[places]))
    preprocessing = estimators.dense_preprocessing(
        estimators.columns(table, context, maximum_categories=MAXIMUM_CATEGORIES),
        maximum_categories=MAXIMUM_CATEGORIES,
    )
    regressing = context.data.task == "regression"
    estimator: Any = Ridge() if regressing else LogisticRegression(max_iter=ITERATIONS)
    pipeline = make_pipeline(preprocessing, estimator)
    with warnings.catch_warnings():
        # A baseline that has not quite converged is one still.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(table, test_set.known[places])
    test_features = estimators.prepared(features_of(test_set, test_set.rows))
    if regressing:
        values: np.ndarray = pipeline.predict(test_features)
        return values
    return aligned(
        pipeline.predict_proba(test_features), pipeline.classes_.tolist(), len(test_set.classes)
    )


def gains(
    test_set: ScoredTestSet, others: dict[str, np.ndarray | None]
) -> dict[str, dict[str, float]]:
    """Return by how much the model's primary metric is better than each baseline's, on the same rows.

    The interval is of a paired bootstrap: both are measured on each resample.
    """
    ours = weighted.primary(test_set.task, test_set.target, test_set.scores)
    gained = {}
    for name, scores in others.items():
        if scores is None:
            gained[name] = {"value": math.nan, "low": math.nan, "high": math.nan}
            continue
        theirs = weighted.primary(test_set.task, test_set.target, scores)
        gained[name] = bootstrap.measure(
            _difference(ours, theirs), test_set.target, **test_set.settings
        )
    return gained


def _difference(
    ours: weighted.WeightedMetric, theirs: weighted.WeightedMetric
) -> weighted.WeightedMetric:
    return lambda weights: ours(weights) - theirs(weights)
