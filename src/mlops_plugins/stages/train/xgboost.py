"""Train with XGBoost, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context, Task

TRUSTED = ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor")

METRICS: Mapping[Task, str] = {
    "binary": "logloss",
    "multiclass": "mlogloss",
    "regression": "rmse",
}


class XGBoost(Component):
    """Boosted trees of XGBoost on ordinal categories."""

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    max_depth: int = Field(6, ge=1, description="Most levels of one tree.")
    early_stopping: int | None = estimators.EARLY_STOPPING
    class_weight: estimators.ClassWeight = estimators.CLASS_WEIGHT
    monotonic: estimators.Monotonic = estimators.MONOTONIC

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_depth": {"low": 2, "high": 10},
            "n_estimators": {"low": 50, "high": 500, "log": True},
        }

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        from sklearn.pipeline import make_pipeline

        ready = estimators.make_ready(
            context,
            features,
            self,
            estimators.ordinal_preprocessing,
            where="conf/train/xgboost.yaml",
        )
        estimator = self._fit(context, ready)
        estimators.save(make_pipeline(ready.preprocessing, estimator), output, trusted=TRUSTED)

    def _fit(self, context: Context, ready: estimators.Ready) -> Any:
        import xgboost

        regression = context.data.task == "regression"
        kind = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
        curves = estimators.Curves(context, self.n_estimators)
        parts = list(ready.parts.values())
        estimator = kind(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            eval_metric=METRICS[context.data.task],
            monotone_constraints=None if ready.monotone is None else tuple(ready.monotone),
            callbacks=self._callbacks(ready, curves),
            n_jobs=context.threads,
            random_state=context.seed,
        )
        weights = [part.weight for part in parts]
        estimator.fit(
            ready.train.values,
            ready.train.target,
            sample_weight=ready.train.weight,
            eval_set=[(part.values, part.target) for part in parts],
            sample_weight_eval_set=None if ready.train.weight is None else weights,
            verbose=False,
        )
        curves.end(estimator.get_booster().num_boosted_rounds())
        estimator.set_params(callbacks=None)
        del estimator.evals_result_  # the model's history has them
        return estimator

    def _callbacks(self, ready: estimators.Ready, curves: estimators.Curves) -> list[Any]:
        import xgboost

        class Told(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # xgboost has no types
            """Tells the losses after each round."""

            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                """Go on."""
                found = zip(ready.parts, evals_log.values(), strict=True)
                losses = {name: values[-1] for name, log in found for values in log.values()}
                curves.round(epoch + 1, losses)
                return False

        if ready.held_out is None:
            return [Told()]
        return [Told(), xgboost.callback.EarlyStopping(rounds=self.early_stopping, save_best=True)]

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path, trusted=TRUSTED)
