"""Train with scikit-learn's HistGradientBoosting, the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins import estimators
from mlops_plugins.api.component import Field
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.api.context import Context

CURVE_ROWS = 1000
"""Training rows of which the learning curve is where none is held out."""


class EarlyStopping(estimators.EarlyStopping):
    """When to add no more trees: after twenty rounds without gain."""

    rounds: int | None = Field(
        20, ge=1, description="Rounds without gain after which to stop; null for always all."
    )


class GradientBoosting(BoostedTrees):
    """Boosted trees on binned values; takes missing values and categories as they are."""

    conf: ClassVar[str] = "conf/train/sklearn.yaml"

    learning_rate: float = Field(0.05, gt=0, description="Shrinkage of each tree's contribution.")
    max_iter: int = Field(
        600, ge=1, description="Maximum number of trees (for each class, if more than two)."
    )
    max_leaf_nodes: int = Field(15, ge=2, description="Maximum number of leaves of one tree.")
    min_samples_leaf: int = Field(
        20, ge=1, description="Minimum number of training rows in a leaf."
    )
    l2_regularization: float = Field(1.0, ge=0, description="L2 penalty on the leaves' values.")
    early_stopping: EarlyStopping = Field(
        EarlyStopping(),
        description="Stop after `rounds` without gain on a held-out tenth of the training rows; null "
        "for always all rounds. Each round measures all rows once more: `maximum_rows` leaves that out "
        "for larger tables.",
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

    def fit(
        self, context: Context, data: estimators.BoostingData, curves: estimators.Curves
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
            categorical_features=list(range(len(data.columns.categorical))) or None,
            monotonic_cst=data.monotone,
            early_stopping=data.held_out is not None,
            n_iter_no_change=self.early_stopping.rounds or 1,
            random_state=context.seed,
        )
        held_out = {}
        if data.held_out is not None:
            held_out = {
                "X_val": data.held_out.values,
                "y_val": data.labels(data.held_out),
                "sample_weight_val": data.held_out.weight,
            }
        train = data.train
        # The variables of the environment come too late where OpenMP is loaded already.
        with threadpool_limits(context.threads):
            estimator.fit(train.values, data.labels(train), sample_weight=train.weight, **held_out)
        for number, losses in enumerate(_curves(context, data, estimator), start=1):
            curves.round(number, losses)
        return estimator, estimator.n_iter_


def _curves(
    context: Context, data: estimators.BoostingData, estimator: Any
) -> Iterator[dict[str, float]]:
    """Give the losses after each round."""
    if data.held_out is None:
        for loss in _training_losses(context, data, estimator):
            yield {"train": loss}
        return
    regression = context.data.task == "regression"
    scores = zip(estimator.train_score_, estimator.validation_score_, strict=True)
    # Its scores are losses, negated, and half the squared error; the first is of no tree.
    for pair in list(scores)[1:]:
        yield {
            name: (2 * -score) ** 0.5 if regression else -score
            for name, score in zip(data.evaluation_sets, pair, strict=True)
        }


def _training_losses(
    context: Context, data: estimators.BoostingData, estimator: Any
) -> Iterator[float]:
    """Give the loss after each round, of the first rows alone: it is computed once more."""
    import numpy as np

    values, target = data.train.values[:CURVE_ROWS], data.train.target[:CURVE_ROWS]
    weight = None if data.train.weight is None else data.train.weight[:CURVE_ROWS]
    if context.data.task == "regression":
        for predicted in estimator.staged_predict(values):
            yield float(np.average((target - predicted) ** 2, weights=weight)) ** 0.5
    else:
        for probabilities in estimator.staged_predict_proba(values):
            likelihood = np.clip(probabilities[np.arange(len(target)), target], 1e-15, None)
            yield float(np.average(-np.log(likelihood), weights=weight))
