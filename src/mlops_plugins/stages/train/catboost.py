"""Train with CatBoost, an extra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins import estimators
from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files
from mlops_plugins.stages.train.boosted_trees import BoostedTrees

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context, Task

TREES = "trees.cbm"
SHAPE = "shape.json"

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
            _pool(rows, len(data.columns.categorical)) for rows in data.evaluation_sets.values()
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
        estimators.save(data.preprocessing, output)
        _write(trees, output / TREES)
        categories = len(data.columns.categorical)
        files.write_json(
            output / SHAPE, {"categories": categories, "classes": data.classes is not None}
        )

    def load(self, path: Path) -> CatBoostPredictor:
        """Read the preprocessing and the trees; neither file can hold code."""
        import catboost

        preprocessing = estimators.load(path).pipeline
        trees = catboost.CatBoost()
        try:
            shape = files.read_json(path / SHAPE)
            trees.load_model(str(path / TREES), format="cbm")
            categories, classes = int(shape["categories"]), bool(shape["classes"])
        except (catboost.CatBoostError, OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The model file cannot be read: {' '.join(str(error).split())[:200]}.",
                where=str(path / TREES),
                next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
            ) from error
        return CatBoostPredictor(preprocessing, trees, categories, classes=classes)


def _table(values: np.ndarray, categories: int) -> pd.DataFrame:
    """Return prepared values as CatBoost takes them: it wants a category to be no float."""
    import pandas as pd

    table = pd.DataFrame(values.astype("float64"))
    return table.astype(dict.fromkeys(range(categories), "int64"))


def _pool(rows: estimators.PreparedRows, categories: int) -> Any:
    import catboost

    table = _table(rows.values, categories)
    return catboost.Pool(
        table, rows.target, weight=rows.weight, cat_features=list(range(categories))
    )


def _write(trees: Any, path: Path) -> None:
    """Write the trees, without the time, the random id and the settings that CatBoost adds."""
    metadata = trees.get_metadata()
    for key in list(metadata.keys()):
        del metadata[key]
    trees.save_model(str(path), format="cbm")


@dataclass(frozen=True)
class CatBoostPredictor:
    """Fitted preprocessing, and the trees that take what it makes."""

    preprocessing: Any
    trees: Any
    categories: int
    classes: bool

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        values = self.preprocessing.transform(estimators.prepared(features))
        raw: np.ndarray = self.trees.predict(
            _table(values, self.categories), prediction_type="RawFormulaVal", thread_count=1
        )
        return _probabilities(raw) if self.classes else raw


def _probabilities(raw: np.ndarray) -> np.ndarray:
    """Return probabilities: for two classes CatBoost adds up one log-odds, else one value a class."""
    import numpy as np
    from scipy.special import expit, softmax

    if raw.ndim == 1:
        last = expit(raw)
        return np.column_stack([1 - last, last])
    probabilities: np.ndarray = softmax(raw, axis=1)
    return probabilities
