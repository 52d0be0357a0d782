"""What `mlflow.pyfunc.load_model` calls to load a model that we registered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.model_folder import Model, open_model

if TYPE_CHECKING:
    import pandas as pd


class Loaded:
    """The interface that MLflow asks of a loaded model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, rows: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return the predictions of `Model.predict`."""
        return self._model.predict(rows)


def _load_pyfunc(path: str) -> Loaded:
    """Load the package that the registry stored at `path`."""
    return Loaded(open_model(Path(path) / "model"))
