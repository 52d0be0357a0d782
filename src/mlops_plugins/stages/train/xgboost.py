"""Train with XGBoost, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins.api.component import Field
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins import estimators
    from mlops_plugins.api.context import Context, Task

METRICS: Mapping[Task, str] = {
    "binary": "logloss",
    "multiclass": "mlogloss",
    "regression": "rmse",
}


class XGBoost(BoostedTrees):
    """Boosted trees of XGBoost on ordinal categories."""

    conf: ClassVar[str] = "conf/train/xgboost.yaml"
    trusted: ClassVar[tuple[str, ...]] = (
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    )

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    max_depth: int = Field(6, ge=1, description="Maximum number of levels of one tree.")

    @property
    def rounds(self) -> int:
        """Return the maximum number of rounds."""
        return self.n_estimators

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_depth": {"low": 2, "high": 10},
            "n_estimators": {"low": 50, "high": 500, "log": True},
        }

    def fit(
        self, context: Context, data: estimators.BoostingData, curves: estimators.Curves
    ) -> tuple[Any, int | None]:
        """Return the fitted estimator, and the number of rounds that are kept."""
        import xgboost

        class Losses(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # xgboost has no types
            """Hands the losses on after each round."""

            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                """Return False, to go on."""
                series = zip(data.evaluation_sets, evals_log.values(), strict=True)
                losses = {name: values[-1] for name, log in series for values in log.values()}
                curves.round(epoch + 1, losses)
                return False

        callbacks: list[Any] = [Losses()]
        if data.held_out is not None:
            stopping = xgboost.callback.EarlyStopping(
                rounds=self.early_stopping.rounds, save_best=True
            )
            callbacks.append(stopping)
        regression = context.data.task == "regression"
        kind = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
        estimator = kind(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            eval_metric=METRICS[context.data.task],
            monotone_constraints=None if data.monotone is None else tuple(data.monotone),
            callbacks=callbacks,
            n_jobs=context.threads,
            random_state=context.seed,
        )
        evaluated = list(data.evaluation_sets.values())
        weights = [rows.weight for rows in evaluated]
        estimator.fit(
            data.train.values,
            data.train.target,
            sample_weight=data.train.weight,
            eval_set=[(rows.values, rows.target) for rows in evaluated],
            sample_weight_eval_set=None if data.train.weight is None else weights,
            verbose=False,
        )
        estimator.set_params(callbacks=None)
        del estimator.evals_result_  # the model's history has them
        return estimator, estimator.get_booster().num_boosted_rounds()
