"""What was test_set: the rows, the truth and the model's answers, for everything that looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.metrics import scoring

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context, Task


@dataclass(frozen=True)
class ScoredTestSet:
    """A model and the rows that it has not seen.

    Attributes:
        context: The stage's context.
        model: The model.
        splits: The folder of both parts.
        rows: The test rows, raw.
        train: The training rows that have a target, raw.
        target: The truth of shape (rows,): for classes, their positions among the model's.
        scores: Probabilities of shape (rows, classes), or values of shape (rows,).
        resamples: How many resamples are behind an interval.
    """

    context: Context
    model: Model
    splits: Path
    rows: pd.DataFrame
    train: pd.DataFrame
    target: np.ndarray
    scores: np.ndarray
    resamples: int

    @property
    def task(self) -> Task:
        """Return the task."""
        return self.context.data.task

    @property
    def metric(self) -> str:
        """Return the metric by which models of this task are compared."""
        return scoring.PRIMARY[self.task]

    @property
    def classes(self) -> list[Any]:
        """Return the classes; none for regression."""
        return self.model.classes or []

    @cached_property
    def known(self) -> np.ndarray:
        """Return the training rows' truth, as `target`."""
        return scoring.positions(self.train[self.context.data.target], self.model.classes)

    @property
    def settings(self) -> dict[str, int]:
        """Return what `bootstrap.defined_draws` needs beside the target."""
        return {"resamples": self.resamples, "seed": self.context.seed}


def score_test_set(context: Context, *, model: Path, splits: Path, resamples: int) -> ScoredTestSet:
    """Let the model answer for the test rows.

    Raises:
        ModelError: The model cannot be opened.
        DataError: There are no rows, no target, or one of a class that the model has never seen.
    """
    opened = open_model(model)
    rows = tables.read_frame(splits / "test.parquet")
    estimators.require_target(rows, context, where="data/splits/test.parquet")
    train = tables.read_frame(splits / "train.parquet")
    estimators.require_target(train, context, where="data/splits/train.parquet")
    return ScoredTestSet(
        context=context,
        model=opened,
        splits=splits,
        rows=rows,
        train=train[train[context.data.target].notna()].reset_index(drop=True),
        target=scoring.positions(rows[context.data.target], opened.classes),
        scores=opened.scores(rows),
        resamples=resamples,
    )
