"""Train with scikit-learn's HistGradientBoosting, the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins.api.component import Field
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins import estimators
    from mlops_plugins.api.context import Context

SHOWN = 1000
"""Training rows of which the loss is shown where none is held out."""


class GradientBoosting(BoostedTrees):
    """Boosted trees on binned values; takes missing values and categories as they are."""

    conf: ClassVar[str] = "conf/train/sklearn.yaml"

    max_iter: int = Field(
        200, ge=1, description="Number of trees (for each class, if more than two)."
    )
    max_leaf_nodes: int = Field(31, ge=2, description="Maximum number of leaves of one tree.")
    min_samples_leaf: int = Field(
        20, ge=1, description="Minimum number of training rows in a leaf."
    )
    l2_regularization: float = Field(0.0, ge=0, description="L2 penalty on the leaves' values.")
    early_stopping: int | None = Field(
        10,
        ge=1,
        description="Rounds without gain on a held-out tenth of the training rows after which no "
        "more are added; null for always all rounds.",
    )
    early_stopping_rows: int = Field(
        10_000,
        ge=0,
        description="Most training rows with which it stops early: each round measures all rows once "
        "more, which a large table pays for and hardly needs; 0 for none.",
    )

    @property
    def rounds(self) -> int:
        """Return the maximum number of rounds."""
        return self.max_iter

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_leaf_nodes": {"low": 7, "high": 127, "log": True},
            "min_samples_leaf": {"low": 5, "high": 100, "log": True},
            "l2_regularization": {"low": 0, "high": 10},
        }

    def stops(self, context: Context, rows: int) -> bool:
        """Return whether to stop early with this number of training rows."""
        if rows > self.early_stopping_rows:
            context.log(
                f"no early stopping: {rows:,} training rows are more than early_stopping_rows, "
                f"{self.early_stopping_rows:,}"
            )
        return rows <= self.early_stopping_rows

    def fit(
        self, context: Context, ready: estimators.Ready, curves: estimators.Curves
    ) -> tuple[Any, int | None]:
        """Return the fitted estimator, and the number of rounds that are kept.

        HistGradientBoosting calls nobody while it learns: the curves are given after the fit.
        """
        from sklearn import ensemble
        from threadpoolctl import threadpool_limits

        kind = "Regressor" if context.data.task == "regression" else "Classifier"
        estimator = getattr(ensemble, f"HistGradientBoosting{kind}")(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            categorical_features=list(range(len(ready.split.categorical))) or None,
            monotonic_cst=ready.monotone,
            early_stopping=ready.held_out is not None,
            n_iter_no_change=self.early_stopping or 1,
            random_state=context.seed,
        )
        held_out = {}
        if ready.held_out is not None:
            held_out = {
                "X_val": ready.held_out.values,
                "y_val": ready.answers(ready.held_out),
                "sample_weight_val": ready.held_out.weight,
            }
        train = ready.train
        # The variables of the environment come too late where OpenMP is loaded already.
        with threadpool_limits(context.threads):
            estimator.fit(
                train.values, ready.answers(train), sample_weight=train.weight, **held_out
            )
        for number, losses in enumerate(_curves(context, ready, estimator), start=1):
            curves.round(number, losses)
        return estimator, estimator.n_iter_


def _curves(
    context: Context, ready: estimators.Ready, estimator: Any
) -> Iterator[dict[str, float]]:
    """Give the losses after each round."""
    if ready.held_out is None:
        for loss in _training_losses(context, ready, estimator):
            yield {"train": loss}
        return
    regression = context.data.task == "regression"
    scores = zip(estimator.train_score_, estimator.validation_score_, strict=True)
    # Its scores are losses, negated, and half the squared error; the first is of no tree.
    for pair in list(scores)[1:]:
        yield {
            name: (2 * -score) ** 0.5 if regression else -score
            for name, score in zip(ready.parts, pair, strict=True)
        }


def _training_losses(context: Context, ready: estimators.Ready, estimator: Any) -> Iterator[float]:
    """Give the loss after each round, of the first rows alone: it is computed once more."""
    import numpy as np

    values, target = ready.train.values[:SHOWN], ready.train.target[:SHOWN]
    weight = None if ready.train.weight is None else ready.train.weight[:SHOWN]
    if context.data.task == "regression":
        for predicted in estimator.staged_predict(values):
            yield float(np.average((target - predicted) ** 2, weights=weight)) ** 0.5
    else:
        for probabilities in estimator.staged_predict_proba(values):
            likelihood = np.clip(probabilities[np.arange(len(target)), target], 1e-15, None)
            yield float(np.average(-np.log(likelihood), weights=weight))
