"""What `train: catboost` writes, and predictions by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import catboost
import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from mlops_plugins import estimators
from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

TREES = "trees.cbm"
SHAPE = "shape.json"


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


def pool(rows: estimators.PreparedRows, categories: int) -> catboost.Pool:
    """Return rows as CatBoost takes them; the first columns, `categories` of them, are categories."""
    table = _table(rows.values, categories)
    return catboost.Pool(
        table, rows.target, weight=rows.weight, cat_features=list(range(categories))
    )


def write(data: estimators.BoostingData, trees: Any, output: Path) -> None:
    """Write the preprocessing, the trees, and what they take and give.

    The trees' file has neither the time, the random id nor the settings that CatBoost adds.
    """
    estimators.save(data.preprocessing, output)
    metadata = trees.get_metadata()
    for key in list(metadata.keys()):
        del metadata[key]
    trees.save_model(str(output / TREES), format="cbm")
    categories = len(data.columns.categorical)
    files.write_json(
        output / SHAPE, {"categories": categories, "classes": data.classes is not None}
    )


def read(path: Path) -> CatBoostPredictor:
    """Read what `write` wrote.

    Raises:
        ModelError: A file is missing or corrupt.
    """
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
    table = pd.DataFrame(values.astype("float64"))
    return table.astype(dict.fromkeys(range(categories), "int64"))


def _probabilities(raw: np.ndarray) -> np.ndarray:
    """Return probabilities: for two classes CatBoost adds up one log-odds, else one value a class."""
    if raw.ndim == 1:
        last = expit(raw)
        return np.column_stack([1 - last, last])
    probabilities: np.ndarray = softmax(raw, axis=1)
    return probabilities
