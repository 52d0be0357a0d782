"""Train with LightGBM, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context, Task

TRUSTED = (
    "collections.OrderedDict",
    "collections.defaultdict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
)

METRICS: Mapping[Task, str] = {
    "binary": "binary_logloss",
    "multiclass": "multi_logloss",
    "regression": "rmse",
}


class LightGBM(Component):
    """Boosted trees of LightGBM on ordinal categories."""

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    num_leaves: int = Field(31, ge=2, description="Most leaves of one tree.")
    min_child_samples: int = Field(20, ge=1, description="Fewest training rows in a leaf.")
    early_stopping: int | None = estimators.EARLY_STOPPING
    class_weight: estimators.ClassWeight = estimators.CLASS_WEIGHT
    monotonic: estimators.Monotonic = estimators.MONOTONIC

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
        from sklearn.pipeline import make_pipeline

        ready = estimators.make_ready(
            context,
            features,
            self,
            # Its columns have no names: LightGBM refuses many.
            estimators.ordinal_preprocessing,
            where="conf/train/lightgbm.yaml",
        )
        estimator = self._fit(context, ready)
        estimators.save(make_pipeline(ready.preprocessing, estimator), output, trusted=TRUSTED)

    def _fit(self, context: Context, ready: estimators.Ready) -> Any:
        import lightgbm

        regression = context.data.task == "regression"
        kind = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        constraints = {} if ready.monotone is None else {"monotone_constraints": ready.monotone}
        estimator = kind(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_child_samples,
            metric=METRICS[context.data.task],
            n_jobs=context.threads,
            random_state=context.seed,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
            **constraints,
        )
        curves = estimators.Curves(context, self.n_estimators)

        def told(env: Any) -> None:
            losses = {part: value for part, _, value, *_ in env.evaluation_result_list}
            curves.round(env.iteration + 1, losses)

        callbacks: list[Any] = [told]
        if ready.held_out is not None:
            callbacks.append(lightgbm.early_stopping(self.early_stopping, verbose=False))
        parts = ready.parts.values()
        estimator.fit(
            ready.train.values,
            ready.train.target,
            sample_weight=ready.train.weight,
            eval_X=tuple(part.values for part in parts),
            eval_y=tuple(part.target for part in parts),
            eval_names=list(ready.parts),
            eval_sample_weight=[part.weight for part in parts],
            callbacks=callbacks,
        )
        curves.end(estimator.best_iteration_ or None)
        return estimator

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path, trusted=TRUSTED)
