"""Metrics to MLflow while a model learns, if `track: mlflow` says `live: true`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mlops_plugins.api.hookspecs import hookimpl
from mlops_plugins.api.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


@hookimpl
def mlops_on_metric(
    stage: str, context: Context, metric: str, value: float, step: int | None
) -> None:
    """Log a metric of the training as it comes, if `track: mlflow` has the option `live: true`."""
    if stage == Stage.TRAIN and step is not None and _is_live(context.root):
        from mlops_plugins.integrations.mlflow.live import OBSERVER

        OBSERVER.metric(context, metric, value, step)


@hookimpl
def mlops_after_stage(stage: str, context: Context) -> None:
    """Log what waits."""
    if stage == Stage.TRAIN and _is_live(context.root):
        from mlops_plugins.integrations.mlflow.live import OBSERVER

        OBSERVER.end(context)


def _is_live(root: Path) -> bool:
    """Say whether the project wants it; called for each metric of each round."""
    from mlops_plugins.config.params import FILE

    path = root / FILE
    return path.exists() and _wants_live(root, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _wants_live(root: Path, changed: int) -> bool:
    from mlops_plugins.config import params

    chosen = params.read_tree(root).get(Stage.TRACK, {})
    return chosen.get("name") == "mlflow" and chosen.get("live", False) is True
