"""MLflow tracks each distinct result once, and holds the models and their aliases.

The store is SQLite in the project unless `MLFLOW_TRACKING_URI` names a server. A model is logged as
its own folder, loaded by our own loader: nothing in it is a pickle, and MLflow's
`mlflow.pyfunc.load_model` gives the same predictions as the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the tracker and the registry."""
    yield Implementation(
        stage=Stage.TRACK,
        name="mlflow",
        target="mlops_plugins.plugins.mlflow.tracking:Tracker",
        summary="MLflow: one run for each distinct result",
        extra="mlops-plugins[mlflow]",
    )
    yield Implementation(
        stage=Stage.REGISTER,
        name="mlflow",
        target="mlops_plugins.plugins.mlflow.registry:Registry",
        summary="MLflow's model registry: versions, challenger and champion",
        extra="mlops-plugins[mlflow]",
    )
