"""Train with LightGBM, an extra."""

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

TRUSTED = (
    "collections.OrderedDict",
    "collections.defaultdict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
)


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the trainer."""
    yield Implementation(
        stage=Stage.TRAIN,
        name="lightgbm",
        target="mlops_plugins.plugins.lightgbm:LightGBM",
        summary="LightGBM's boosted trees",
        extra="mlops-plugins[lightgbm]",
        cache_version=2,
        libraries=("lightgbm", "scikit-learn"),
    )


class LightGBM(Options):
    """Boosted trees of LightGBM on ordinal categories."""

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    num_leaves: int = Field(31, ge=2, description="Most leaves of one tree.")
    min_child_samples: int = Field(20, ge=1, description="Fewest training rows in a leaf.")

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "n_estimators": {"low": 50, "high": 500, "log": True},
            "num_leaves": {"low": 7, "high": 127, "log": True},
            "min_child_samples": {"low": 5, "high": 100, "log": True},
        }

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        import lightgbm
        from sklearn.pipeline import make_pipeline

        table, target = estimators.read_training_table(context, features)
        kind = (
            lightgbm.LGBMRegressor if context.data.task == "regression" else lightgbm.LGBMClassifier
        )
        estimator = kind(
            **self.model_dump(),
            n_jobs=context.threads,
            random_state=context.seed,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
        )
        # Its columns have no names: LightGBM refuses many.
        preprocessing = estimators.ordinal_preprocessing(estimators.columns(table, context))
        pipeline = make_pipeline(preprocessing, estimator).fit(table, target)
        estimators.save(pipeline, output, trusted=TRUSTED)

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path, trusted=TRUSTED)
