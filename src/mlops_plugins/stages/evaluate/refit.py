"""Fitting again, on some of the training rows, what made the model: its trainer and its options."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError, MlopsError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import folds, tables
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlops_plugins.api.component import Component
    from mlops_plugins.stages.evaluate.test_set import Judged


def features_of(judged: Judged, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the model's own features of raw rows."""
    return judged.model.recipe(conform(rows, judged.model.inputs))


def refit(judged: Judged, places: np.ndarray, asked: list[pd.DataFrame]) -> list[np.ndarray]:
    """Fit the model's trainer to some training rows, and return its scores of each table of raw rows.

    Args:
        judged: What is judged.
        places: Positions of training rows.
        asked: Tables of raw rows.

    Raises:
        DataError: These rows lack a class.
        Exception: What the trainer raises.
    """
    chosen = judged.train.iloc[places].reset_index(drop=True)
    target = judged.context.data.target
    if judged.classes and chosen[target].nunique() < len(judged.classes):
        raise DataError("a class has no rows among them")
    manifest = judged.model.manifest
    trainer: Any = _trainer(manifest["train"], manifest["options"])
    # What it tells and measures is not about the model that is judged.
    quiet = replace(judged.context, log=lambda _: None, log_metric=lambda *_, **__: None)
    with tempfile.TemporaryDirectory() as folder:
        whole = features_of(judged, chosen)
        beside = [name for name in (target, judged.context.data.weight) if name is not None]
        absent = [name for name in beside if name not in whole.columns]
        typed = conform(chosen, judged.model.schema.only(absent))
        tables.write_frame(whole.join(typed), Path(folder) / "features" / "train.parquet")
        estimator = Path(folder) / "estimator"
        trainer.train(quiet, features=Path(folder) / "features", output=estimator)
        predictor = trainer.load(estimator)
        return [predictor.scores(features_of(judged, rows)) for rows in asked]


def told(error: Exception) -> str:
    """Return in words why rows could not be fitted to."""
    return error.what if isinstance(error, MlopsError) else repr(error)


def _trainer(name: str, options: dict[str, Any]) -> Any:
    """Return the trainer with the options of the manifest, as strict as JSON can be."""
    made: type[Component] = plugin_manager().load(Stage.TRAIN, name)
    return made.model_validate_json(json.dumps(options))


def some_rows(judged: Judged, share: float) -> np.ndarray:
    """Return the positions, in order, of a share of the training rows, drawn by the seed.

    Of each class the same share; and a smaller share is a part of a greater one.
    """
    import numpy as np

    count = len(judged.train)
    if share >= 1:
        return np.arange(count)
    order = np.random.default_rng(judged.context.seed).permutation(count)
    groups = judged.known if judged.classes else np.zeros(count, dtype=int)
    rank = np.empty(count)
    for group in np.unique(groups):
        members = order[groups[order] == group]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.flatnonzero(rank < share)


def aligned(scores: np.ndarray, classes: list[int], count: int) -> np.ndarray:
    """Return probabilities with a column for each of `count` classes, 0 for those that are missing."""
    import numpy as np

    if classes == list(range(count)):
        return scores
    whole = np.zeros((len(scores), count))
    whole[:, classes] = scores
    return whole


def held_out(judged: Judged) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the positions of training rows to fit and to ask, and in words which these are.

    The split's last fold if it left folds, as they respect time and groups; else the newest fifth,
    or without a time a fifth drawn by the seed.
    """
    import numpy as np

    count = len(judged.train)
    left = (judged.splits / folds.FILE).exists()
    if left and count == tables.count(judged.splits / "train.parquet"):
        fit, asked = folds.read(judged.splits)[-1]
        return fit, asked, "the training rows of the last fold"
    time = judged.context.data.time
    if time is not None:
        order = np.argsort(judged.train[time].to_numpy(), kind="stable")
        border = count - max(count // 5, 1)
        return (
            np.sort(order[:border]),
            np.sort(order[border:]),
            "the newest fifth of the training rows",
        )
    fit = some_rows(judged, 0.8)
    return fit, np.setdiff1d(np.arange(count), fit), "a fifth of the training rows"
