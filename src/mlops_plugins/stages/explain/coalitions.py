"""Rows mixed of others: a coalition of columns has one row's values, the others another row's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.schema import conform

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.artifacts.model_folder import Model

MAXIMUM_CELLS = 2**22
"""Values that are mixed at once, to bound memory."""


def sample_rows(frame: pd.DataFrame, maximum: int, generator: np.random.Generator) -> pd.DataFrame:
    """Return at most `maximum` rows, drawn at random, in their order."""
    if len(frame) > maximum:
        frame = frame.iloc[np.sort(generator.permutation(len(frame))[:maximum])]
    return frame.reset_index(drop=True)


def read_inputs(path: Path, model: Model) -> pd.DataFrame:
    """Read the raw columns that a model takes.

    Raises:
        DataError: There are no rows, or one of the columns is missing.
    """
    rows = conform(tables.read_frame(path), model.inputs)
    if rows.empty:
        raise DataError(
            "There are no rows to explain the model with.",
            where=str(path),
            expected="at least one",
            next_step="look at the split, or at the data",
        )
    return rows


def explained_scores(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Return what is explained, of shape (rows, outputs), for rows in the schema's types.

    The output of a regression is the value, of two classes the probability of the last one, and of
    several classes the probability of each.
    """
    scores = model.predictor.scores(model.recipe(rows))
    if model.classes is None:
        return scores.reshape(-1, 1)
    return scores[:, 1:] if len(model.classes) == 2 else scores


@dataclass(frozen=True)
class Coalitions:
    """Scores rows each of whose values is taken from some row of `pool`, in the schema's types."""

    model: Model
    pool: pd.DataFrame

    def scores(self, positions: np.ndarray) -> np.ndarray:
        """Return the scores, (rows, outputs), of rows as positions in the pool, (rows, columns)."""
        step = max(1, MAXIMUM_CELLS // positions.shape[1])
        chunks = [positions[begin : begin + step] for begin in range(0, len(positions), step)]
        return np.concatenate([explained_scores(self.model, self._rows(chunk)) for chunk in chunks])

    def _rows(self, positions: np.ndarray) -> pd.DataFrame:
        columns = {
            name: self.pool[name].array.take(positions[:, column])
            for column, name in enumerate(self.pool)
        }
        return pd.DataFrame(columns)
