"""Train with CatBoost, an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins import estimators
from mlops_plugins.api.component import Field
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context, Task
    from mlops_plugins.stages.train.catboost_model import CatBoostPredictor

LOSSES: Mapping[Task, str] = {
    "binary": "Logloss",
    "multiclass": "MultiClass",
    "regression": "RMSE",
}
CURVES = {"learn": "train", "validation": "validation"}
"""The names of the curves, by CatBoost's names of the rows."""


class CatBoost(BoostedTrees):
    """Boosted symmetric trees of CatBoost, which learns what each category says by itself."""

    conf: ClassVar[str] = "conf/train/catboost.yaml"

    n_estimators: int = Field(200, ge=1, description="Number of rounds.")
    max_depth: int = Field(6, ge=1, le=16, description="Maximum number of levels of one tree.")

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
        """Return the fitted trees, and the number of rounds that are kept."""
        import catboost

        from mlops_plugins.stages.train.catboost_model import pool

        class Losses:
            """Hands the losses on after each round."""

            def after_iteration(self, info: Any) -> bool:
                """Return True, to go on."""
                losses = {
                    CURVES[rows]: value[-1]
                    for rows, metrics in info.metrics.items()
                    for value in metrics.values()
                }
                curves.round(info.iteration, losses)
                return True

        constraints = {} if data.monotone is None else {"monotone_constraints": data.monotone}
        trees = catboost.CatBoost(
            {
                "loss_function": LOSSES[context.data.task],
                "iterations": self.n_estimators,
                "learning_rate": self.learning_rate,
                "depth": self.max_depth,
                "random_seed": context.seed,
                "thread_count": context.threads,
                "allow_writing_files": False,
                "logging_level": "Silent",
                **constraints,
            }
        )
        pools = [
            pool(rows, len(data.columns.categorical)) for rows in data.evaluation_sets.values()
        ]
        stops = {"eval_set": pools[1], "use_best_model": True} if len(pools) > 1 else {}
        trees.fit(
            pools[0],
            callbacks=[Losses()],
            early_stopping_rounds=self.early_stopping.rounds if stops else None,
            **stops,
        )
        return trees, trees.tree_count_

    def preprocessing(self, columns: estimators.Columns) -> Any:
        """Return the preprocessing; in it categories are whole numbers, missing ones too."""
        preprocessing = estimators.ordinal_preprocessing(columns)
        _, encoder, _ = preprocessing.transformers[0]
        encoder.set_params(unknown_value=-1, encoded_missing_value=-2)
        return preprocessing

    def save(self, data: estimators.BoostingData, trees: Any, output: Path) -> None:
        """Write the preprocessing, and the trees as CatBoost's own file."""
        from mlops_plugins.stages.train import catboost_model

        catboost_model.write(data, trees, output)

    def load(self, path: Path) -> CatBoostPredictor:
        """Read the preprocessing and the trees; neither file can hold code."""
        from mlops_plugins.stages.train import catboost_model

        return catboost_model.read(path)
