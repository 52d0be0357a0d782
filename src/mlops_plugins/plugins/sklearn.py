"""Train with scikit-learn: gradient boosting by default, any estimator by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.errors import ConfigurationError, did_you_mean
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.stages import Context

FEWEST_HELD_OUT = 30
"""Fewer rows than these do not tell whether a tree gains."""


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the trainers."""
    for name, attribute, summary in (
        ("sklearn", "GradientBoosting", "scikit-learn's HistGradientBoosting"),
        ("estimator", "Estimator", "Any scikit-learn estimator by its name"),
    ):
        yield Implementation(
            stage=Stage.TRAIN,
            name=name,
            target=f"mlops_plugins.plugins.sklearn:{attribute}",
            summary=summary,
            extra="mlops-plugins[sklearn]",
            cache_version=2,
            libraries=("scikit-learn",),
        )


class GradientBoosting(Options):
    """Boosted trees on binned values; takes missing values and categories as they are."""

    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    max_iter: int = Field(
        200, ge=1, description="Number of trees (for each class, if more than two)."
    )
    max_leaf_nodes: int = Field(31, ge=2, description="Most leaves of one tree.")
    min_samples_leaf: int = Field(20, ge=1, description="Fewest training rows in a leaf.")
    l2_regularization: float = Field(0.0, ge=0, description="L2 penalty on the leaves' values.")
    early_stopping_rows: int = Field(
        10_000,
        ge=0,
        description="From 300 to so many training rows, a tenth of them is held out, and trees are "
        "added only while it gains; 0 for always max_iter trees.",
    )

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_leaf_nodes": {"low": 7, "high": 127, "log": True},
            "min_samples_leaf": {"low": 5, "high": 100, "log": True},
            "l2_regularization": {"low": 0, "high": 10},
        }

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        from sklearn import ensemble
        from sklearn.pipeline import make_pipeline

        table, target = estimators.read_training_table(context, features)
        split = estimators.columns(table, context)
        kind = "Regressor" if context.data.task == "regression" else "Classifier"
        estimator = getattr(ensemble, f"HistGradientBoosting{kind}")(
            **self.model_dump(exclude={"early_stopping_rows"}),
            categorical_features=list(range(len(split.categorical))) or None,
            early_stopping=self._stops_early(context, target),
            random_state=context.seed,
        )
        pipeline = make_pipeline(estimators.ordinal_preprocessing(split), estimator)
        pipeline.fit(table, target)
        estimators.save(pipeline, output)

    def _stops_early(self, context: Context, target: pd.Series[Any]) -> bool:
        if not 10 * FEWEST_HELD_OUT <= len(target) <= self.early_stopping_rows:
            return False
        # The tenth that is held out needs rows of each class.
        return context.data.task == "regression" or int(target.value_counts().min()) >= 10

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path)


class Estimator(Options):
    """Any classifier or regressor of scikit-learn, with its own parameters."""

    estimator: str = Field(
        "RandomForestClassifier", description="The class's name, as scikit-learn writes it."
    )
    parameters: dict[str, Any] = Field({}, description="Arguments of the class; the seed is given.")
    most_categories: int = Field(
        50,
        ge=2,
        description="Most one-hot columns made from one category; one of more values becomes "
        "the mean of the target where a value stands.",
    )

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        from sklearn.pipeline import make_pipeline

        table, target = estimators.read_training_table(context, features)
        preprocessing = estimators.dense_preprocessing(
            estimators.columns(table, context, few=self.most_categories),
            most_categories=self.most_categories,
        )
        pipeline = make_pipeline(preprocessing, self._make(context)).fit(table, target)
        estimators.save(pipeline, output)

    def _make(self, context: Context) -> Any:
        from sklearn.utils import all_estimators

        kind = "regressor" if context.data.task == "regression" else "classifier"
        known = dict(all_estimators(type_filter=kind))
        if self.estimator not in known:
            raise ConfigurationError(
                f"scikit-learn has no {kind} '{self.estimator}'.{did_you_mean(self.estimator, known)}",
                where="conf/train/estimator.yaml: estimator",
                expected=f"the name of a {kind}, as RandomForest{kind.title()}",
                next_step="correct it there",
            )
        made = known[self.estimator]
        try:
            estimator = made(**self.parameters)
        except TypeError as error:
            raise ConfigurationError(
                f"{self.estimator} does not take these parameters: {error}.",
                where="conf/train/estimator.yaml: parameters",
                next_step="correct them there",
            ) from None
        if kind == "classifier" and not hasattr(estimator, "predict_proba"):
            raise ConfigurationError(
                f"{self.estimator} gives no probabilities.",
                where="conf/train/estimator.yaml: estimator",
                expected="a classifier with predict_proba",
                next_step="choose another one",
            )
        seed = {"random_state": context.seed}
        return (
            estimator.set_params(**seed) if "random_state" in estimator.get_params() else estimator
        )

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path)
