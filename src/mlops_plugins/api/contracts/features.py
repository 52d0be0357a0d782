"""Features: turn columns into the model's features, by code that travels inside the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import SCHEMA
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context


class Features(Protocol):
    """Turn columns into the model's features, by code that travels inside the model."""

    def features(self, context: Context, *, splits: Path, schema: Path, output: Path) -> None:
        """Write `train.parquet` and `test.parquet` (features, target, weight), and a folder `recipe`.

        The target, and the column that `data.weight` names if it names one, are as they were in the
        splits, and no features.

        `recipe` holds all that `recipe(path)` needs to do the same to new rows, elsewhere.
        """
        ...

    def recipe(self, path: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """Return the function from raw columns to features that `path` holds.

        Raises:
            ModelError: The recipe is missing, or none that this implementation writes.
        """
        ...


CONTRACT: Final = Contract(
    stage="features",
    protocol=Features,
    inputs={"splits": "data/splits", "schema": SCHEMA},
    outputs={"output": "data/features"},
    parameters=("data", "seed"),
    formats=formats.FEATURES,
)
