"""Fitting again, on some of the training rows, what made the model: its trainer and its options."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import DataError, MlopsError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import folds, tables
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    import pandas as pd

    from mlops_plugins.api.component import Component
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet


def features_of(test_set: ScoredTestSet, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the model's own features of raw rows."""
    return test_set.model.recipe(conform(rows, test_set.model.inputs))


def refit(
    test_set: ScoredTestSet, places: np.ndarray, frames: list[pd.DataFrame]
) -> list[np.ndarray]:
    """Fit the model's trainer to some training rows, and return its scores of each table of raw rows.

    Args:
        test_set: The scored test set.
        places: Positions of training rows.
        frames: Tables of raw rows.

    Raises:
        DataError: These rows lack a class.
        Exception: What the trainer raises.
    """
    chosen = test_set.train.iloc[places].reset_index(drop=True)
    target = test_set.context.data.target
    if test_set.classes and chosen[target].nunique() < len(test_set.classes):
        raise DataError("a class has no rows among them")
    manifest = test_set.model.manifest
    trainer: Any = _trainer(manifest["train"], manifest["options"])
    # What it logs is not about the model that is evaluated.
    quiet = replace(test_set.context, log=lambda _: None, log_metric=lambda *_, **__: None)
    with tempfile.TemporaryDirectory() as folder:
        features = features_of(test_set, chosen)
        beside = [name for name in (target, test_set.context.data.weight) if name is not None]
        absent = [name for name in beside if name not in features.columns]
        typed = conform(chosen, test_set.model.schema.only(absent))
        tables.write_frame(features.join(typed), Path(folder) / "features" / "train.parquet")
        estimator = Path(folder) / "estimator"
        trainer.train(quiet, features=Path(folder) / "features", output=estimator)
        predictor = trainer.load(estimator)
        return [predictor.scores(features_of(test_set, rows)) for rows in frames]


def described(error: Exception) -> str:
    """Return in words why rows could not be fitted to."""
    return error.what if isinstance(error, MlopsError) else repr(error)


def _trainer(name: str, options: dict[str, Any]) -> Any:
    """Return the trainer with the options of the manifest, as strict as JSON can be."""
    made: type[Component] = plugin_manager().load(Stage.TRAIN, name)
    return made.model_validate_json(json.dumps(options))


def some_rows(test_set: ScoredTestSet, share: float) -> np.ndarray:
    """Return the positions, in order, of a share of the training rows, drawn by the seed.

    Of each class the same share; and a smaller share is a part of a greater one.
    """
    count = len(test_set.train)
    if share >= 1:
        return np.arange(count)
    order = np.random.default_rng(test_set.context.seed).permutation(count)
    groups = test_set.known if test_set.classes else np.zeros(count, dtype=int)
    rank = np.empty(count)
    for group in np.unique(groups):
        members = order[groups[order] == group]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.flatnonzero(rank < share)


def aligned(scores: np.ndarray, classes: list[int], count: int) -> np.ndarray:
    """Return probabilities with a column for each of `count` classes, 0 for those that are missing."""
    if classes == list(range(count)):
        return scores
    aligned_scores = np.zeros((len(scores), count))
    aligned_scores[:, classes] = scores
    return aligned_scores


def held_out(test_set: ScoredTestSet) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the positions of training rows to fit and to hold out, and in words which these are.

    The split's last fold if it left folds, as they respect time and groups; else the newest fifth,
    or without a time a fifth drawn by the seed.
    """
    count = len(test_set.train)
    left = (test_set.splits / folds.FILE).exists()
    if left and count == tables.count(test_set.splits / "train.parquet"):
        fit, held = folds.read(test_set.splits)[-1]
        return fit, held, "the training rows of the last fold"
    time = test_set.context.data.time
    if time is not None:
        order = np.argsort(test_set.train[time].to_numpy(), kind="stable")
        border = count - max(count // 5, 1)
        return (
            np.sort(order[:border]),
            np.sort(order[border:]),
            "the newest fifth of the training rows",
        )
    fit = some_rows(test_set, 0.8)
    return fit, np.setdiff1d(np.arange(count), fit), "a fifth of the training rows"
