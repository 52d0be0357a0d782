"""Train: fit an estimator on the features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import BEST, MODEL, SCHEMA
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context


class Predictor(Protocol):
    """A fitted estimator."""

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        ...


class Train(Protocol):
    """Fit an estimator, preprocessing included, on the features."""

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Write the fitted estimator into the folder `output`, in a format of your own.

        Beside the features stand the target and, if `data.weight` names one, the rows' weights:
        `mlops_plugins.estimators.read_training` reads and checks all three.

        Classes, if any, are ordered as `sorted(set(target))`.
        """
        ...

    def load(self, path: Path) -> Predictor:
        """Return the estimator that `train` wrote to `path`; trust nothing that `path` says.

        Raises:
            ModelError: The files hold something that this implementation does not write.
        """
        ...


CONTRACT: Final = Contract(
    stage="train",
    protocol=Train,
    inputs={"features": "data/features", "schema_file": SCHEMA, "tuning": BEST},
    outputs={"output": MODEL},
    may_miss=frozenset({"tuning"}),
    parameters=("data", "seed", "threads", "project"),
    wrapper="mlops_plugins.runtime.wrappers:train",
    keys={"reports/ingest.json": ("sha256",)},
    note="The model says which data it was trained on.",
    formats=formats.TRAIN,
)
