"""Real tables as the features stage leaves them, and trainers run on them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sklearn import datasets

from mlops_plugins import Stage
from mlops_plugins.api.context import Context, Data
from mlops_plugins.artifacts import tables
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Task

BOOSTED = ("sklearn", "lightgbm", "xgboost", "catboost")

ROUNDS = {"sklearn": "max_iter"}
"""What a trainer calls its number of rounds, if not `n_estimators`."""

TARGET = "target"


def tumours() -> pd.DataFrame:
    """Return 569 tumours, of which 212 are malignant."""
    frame: pd.DataFrame = datasets.load_breast_cancer(as_frame=True).frame
    names = ["mean radius", "mean texture", "mean smoothness", "mean concavity", TARGET]
    return frame[names].assign(target=frame[TARGET].map({0: "malignant", 1: "benign"}))


def diabetes() -> pd.DataFrame:
    """Return 442 patients, and by how much their disease progressed in a year."""
    frame: pd.DataFrame = datasets.load_diabetes(as_frame=True).frame
    return frame[["age", "bmi", "bp", "s5", TARGET]]


def wines() -> pd.DataFrame:
    """Return 178 wines of three growers, by number."""
    frame: pd.DataFrame = datasets.load_wine(as_frame=True).frame
    return frame


def rounds(trainer: str, number: int) -> dict[str, int]:
    return {ROUNDS.get(trainer, "n_estimators"): number}


@dataclass
class Trained:
    """What a trainer wrote, said and measured."""

    predictor: Any
    said: list[str] = field(default_factory=list)
    measured: dict[str, list[tuple[int | None, float]]] = field(default_factory=dict)

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        made: np.ndarray = self.predictor.scores(frame)
        return made


def train(
    folder: Path,
    trainer: str,
    frame: pd.DataFrame,
    *,
    task: Task = "binary",
    weight: str | None = None,
    threads: int = 1,
    seed: int = 3,
    **options: Any,
) -> Trained:
    """Train on a table of features, and load what was written."""
    tables.write_frame(frame, folder / "features" / "train.parquet")
    implementation: Any = plugin_manager().load(Stage.TRAIN, trainer)
    trained = Trained(None)

    def measured(metric: str, value: float, step: int | None = None) -> None:
        trained.measured.setdefault(metric, []).append((step, value))

    context = Context(
        root=folder,
        project="tests",
        data=Data(task=task, target=TARGET, weight=weight),
        seed=seed,
        threads=threads,
        log=trained.said.append,
    )
    output = folder / "estimator"
    implementation(**options).train(
        replace(context, log_metric=measured), features=folder / "features", output=output
    )
    trained.predictor = implementation.model_construct().load(output)
    return trained
