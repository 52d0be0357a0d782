"""Train with XGBoost, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlops_plugins.stages import Context

TRUSTED = ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor")


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the trainer."""
    yield Implementation(
        stage=Stage.TRAIN,
        name="xgboost",
        target="mlops_plugins.plugins.xgboost:XGBoost",
        summary="XGBoost's boosted trees",
        extra="mlops-plugins[xgboost]",
        cache_version=2,
        libraries=("scikit-learn", "xgboost-cpu"),
    )


class XGBoost(Options):
    """Boosted trees of XGBoost on ordinal categories."""

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    max_depth: int = Field(6, ge=1, description="Most levels of one tree.")

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_depth": {"low": 2, "high": 10},
            "n_estimators": {"low": 50, "high": 500, "log": True},
        }

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        import xgboost
        from sklearn.pipeline import make_pipeline

        table, target = estimators.read_training_table(context, features)
        arguments = {**self.model_dump(), "n_jobs": context.threads, "random_state": context.seed}
        preprocessing = estimators.ordinal_preprocessing(estimators.columns(table, context))
        if context.data.task == "regression":
            pipeline = make_pipeline(preprocessing, xgboost.XGBRegressor(**arguments))
        else:
            # XGBoost wants classes as 0, 1, 2, ...: their order is the manifest's own.
            target = target.map({label: i for i, label in enumerate(sorted(target.unique()))})
            pipeline = make_pipeline(preprocessing, xgboost.XGBClassifier(**arguments))
        estimators.save(pipeline.fit(table, target), output, trusted=TRUSTED)

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path, trusted=TRUSTED)
