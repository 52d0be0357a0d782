"""Train with LightGBM, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins.api.component import Field
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins import estimators
    from mlops_plugins.api.context import Context, Task

METRICS: Mapping[Task, str] = {
    "binary": "binary_logloss",
    "multiclass": "multi_logloss",
    "regression": "rmse",
}


class LightGBM(BoostedTrees):
    """Boosted trees of LightGBM on ordinal categories."""

    conf: ClassVar[str] = "conf/train/lightgbm.yaml"
    trusted: ClassVar[tuple[str, ...]] = (
        "collections.OrderedDict",
        "collections.defaultdict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
    )

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    num_leaves: int = Field(31, ge=2, description="Maximum number of leaves of one tree.")
    min_child_samples: int = Field(
        20, ge=1, description="Minimum number of training rows in a leaf."
    )

    @property
    def rounds(self) -> int:
        """Return the maximum number of rounds."""
        return self.n_estimators

    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what is worth searching."""
        return {
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "n_estimators": {"low": 50, "high": 500, "log": True},
            "num_leaves": {"low": 7, "high": 127, "log": True},
            "min_child_samples": {"low": 5, "high": 100, "log": True},
        }

    def fit(
        self, context: Context, data: estimators.BoostingData, curves: estimators.Curves
    ) -> tuple[Any, int | None]:
        """Return the fitted estimator, and the number of rounds that are kept."""
        import lightgbm

        def losses(env: Any) -> None:
            after = {part: value for part, _, value, *_ in env.evaluation_result_list}
            curves.round(env.iteration + 1, after)

        callbacks: list[Any] = [losses]
        if data.held_out is not None:
            callbacks.append(lightgbm.early_stopping(self.early_stopping.rounds, verbose=False))
        regression = context.data.task == "regression"
        kind = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        constraints = {} if data.monotone is None else {"monotone_constraints": data.monotone}
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
        evaluated = data.evaluation_sets.values()
        estimator.fit(
            data.train.values,
            data.train.target,
            sample_weight=data.train.weight,
            eval_X=tuple(rows.values for rows in evaluated),
            eval_y=tuple(rows.target for rows in evaluated),
            eval_names=list(data.evaluation_sets),
            eval_sample_weight=[rows.weight for rows in evaluated],
            callbacks=callbacks,
        )
        return estimator, estimator.best_iteration_ or None
