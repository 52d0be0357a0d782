"""Train a linear model: it is small, quick, and the yardstick of whatever comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import Component, Field, estimators

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins import Context


class Linear(Component):
    """One weight for each number and each category, the same for classes and for numbers."""

    penalty: float = Field(1.0, gt=0, description="Price of large weights; more is simpler.")
    balanced: bool = Field(False, description="Let rare classes count as much as frequent ones.")
    maximum_categories: int = Field(
        50, ge=2, description="Maximum number of weights of one category."
    )

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.pipeline import make_pipeline

        table, target = estimators.read_training_table(context, features)
        preprocessing = estimators.dense_preprocessing(
            estimators.columns(table, context), maximum_categories=self.maximum_categories
        )
        if context.data.task == "regression":
            model = Ridge(alpha=self.penalty)
        else:
            model = LogisticRegression(
                C=1 / self.penalty,
                class_weight="balanced" if self.balanced else None,
                max_iter=1000,
            )
        pipeline = make_pipeline(preprocessing, model).fit(table, target)
        context.log_metric("weights", float(model.coef_.size))
        estimators.save(pipeline, output)

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline; of what a file may hold, scikit-learn's types alone."""
        return estimators.load(path)
