"""MLflow tracks each distinct result once, and holds the models and their aliases.

The store is SQLite in the project unless `MLFLOW_TRACKING_URI` names a server. A model is logged as
its own folder, loaded by our own loader: nothing in it is a pickle, and MLflow's
`mlflow.pyfunc.load_model` gives the same predictions as the service.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.stages import Context


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


@hookimpl
def mlops_on_metric(
    stage: Stage, context: Context, metric: str, value: float, step: int | None
) -> None:
    """Log a metric of the training as it comes, if `track: mlflow` is told to by `live: true`."""
    if stage is Stage.TRAIN and step is not None and _is_live(context.root):
        from mlops_plugins.plugins.mlflow.live import OBSERVER

        OBSERVER.metric(context, metric, value, step)


@hookimpl
def mlops_after_stage(stage: Stage, context: Context) -> None:
    """Log what waits."""
    if stage is Stage.TRAIN and _is_live(context.root):
        from mlops_plugins.plugins.mlflow.live import OBSERVER

        OBSERVER.end(context)


def _is_live(root: Path) -> bool:
    """Say whether the project asks for it; the question comes with each metric of each round."""
    from mlops_plugins.params import FILE

    path = root / FILE
    return path.exists() and _asks(root, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _asks(root: Path, changed: int) -> bool:
    from mlops_plugins import params

    chosen = params.read(root, check=False).get(Stage.TRACK, {})
    return chosen.get("name") == "mlflow" and chosen.get("live", False) is True
