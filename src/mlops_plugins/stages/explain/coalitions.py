"""Rows mixed of others, which are what a model is asked about to learn what a column does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.schema import conform

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.artifacts.model_folder import Model

CELLS = 2**22
"""Values that are mixed at once, to bound memory."""


def drawn(frame: pd.DataFrame, most: int, generator: np.random.Generator) -> pd.DataFrame:
    """Return at most so many rows, in their order."""
    import numpy as np

    if len(frame) > most:
        frame = frame.iloc[np.sort(generator.permutation(len(frame))[:most])]
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


def scores(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Return what is explained, of shape (rows, outputs), for rows in the schema's types.

    The output of a regression is the value, of two classes the probability of the last one, and of
    several classes the probability of each.
    """
    found = model.predictor.scores(model.recipe(rows))
    if model.classes is None:
        return found.reshape(-1, 1)
    return found[:, 1:] if len(model.classes) == 2 else found


@dataclass(frozen=True)
class Mixer:
    """Scores rows each of whose values is taken from some row of `pool`, in the schema's types."""

    model: Model
    pool: pd.DataFrame

    def scores(self, places: np.ndarray) -> np.ndarray:
        """Return the scores, (rows, outputs), of rows given as places in the pool, (rows, columns)."""
        import numpy as np

        step = max(1, CELLS // places.shape[1])
        parts = [places[begin : begin + step] for begin in range(0, len(places), step)]
        return np.concatenate([scores(self.model, self._rows(part)) for part in parts])

    def _rows(self, places: np.ndarray) -> pd.DataFrame:
        import pandas as pd

        taken = {
            name: self.pool[name].array.take(places[:, column])
            for column, name in enumerate(self.pool)
        }
        return pd.DataFrame(taken)
