"""Metrics in MLflow while a model learns, in the run with which the tracker goes on."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.config import params, tuned_options
from mlops_plugins.integrations.mlflow.store import connected, create_run, experiment_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.config.params import Params

TRAINING_TAG = "mlops.training"
"""The tag with a training's key, which is known before the result's digest is."""

EVERY = 1.0
"""Seconds between two writes: one for each metric would take longer than the training."""

MAX_BATCH = 1000
"""Metrics that MLflow accepts at once."""


@dataclass
class Live:
    """The run of one training: begun by the first metric, and gone on with if it was begun before."""

    client: Any
    run_id: str | None
    seen: set[tuple[str, int]]
    waiting: list[tuple[str, float, int]] = field(default_factory=list)
    written: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, context: Context) -> Live:
        """Find the training's run, or make it; one that is finished already needs nothing more."""
        client = connected(context)
        chosen = params.read(context.root)
        named = chosen.section(Stage.TRACK).options.get("experiment")
        experiment = experiment_of(client, named or context.project)
        key = training_key(context.root, chosen)
        if find_training(client, experiment, key, "FINISHED") is not None:
            return cls(client, None, set())
        name = f"{chosen.section(Stage.TRAIN).name}-{key[:7]}"
        run_id = find_training(client, experiment, key, "RUNNING") or create_run(
            client, experiment, name, {TRAINING_TAG: key}
        )
        return cls(client, run_id, logged_steps(client, run_id))

    def add(self, metric: str, value: float, step: int) -> None:
        """Take a metric; write those that wait if the last write is long ago."""
        if self.run_id is None or (metric, step) in self.seen:
            return
        self.waiting.append((metric, value, step))
        if time.monotonic() - self.written >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self.run_id is not None:
            log(self.client, self.run_id, self.waiting)
            self.waiting.clear()
            self.written = time.monotonic()


class Observer:
    """Takes the metrics of one process; after a failure, which is reported once, nothing is logged."""

    def __init__(self) -> None:
        self._live: dict[Path, Live | None] = {}

    def metric(self, context: Context, metric: str, value: float, step: int) -> None:
        """Log a metric."""
        if context.root not in self._live:
            self._live[context.root] = None
            self._live[context.root] = Live.begin(context)
        live = self._live[context.root]
        if live is not None:
            try:
                live.add(metric, value, step)
            except Exception:
                self._live[context.root] = None
                raise

    def end(self, context: Context) -> None:
        """Write what waits: the training is over."""
        live = self._live.pop(context.root, None)
        if live is not None:
            live.flush()


OBSERVER = Observer()


def training_key(root: Path, chosen: Params) -> str:
    """Return a digest of all from which the project's model learns, with the options that `tune` chose."""
    tree = chosen.as_dict()
    sections = [tree[key] for key in ("project", "data", "seed", "threads")]
    sections.append(tuned_options.section(root, chosen))
    features = files.digest(root / chosen.pipeline.placed(Stage.TRAIN).inputs["features"])
    learns_from = json.dumps([sections, features], sort_keys=True, default=str)
    return hashlib.sha256(learns_from.encode()).hexdigest()


def find_training(client: Any, experiment: str, key: str, status: str) -> str | None:
    """Return the id of the run of a training, if there is one."""
    runs = client.search_runs(
        [experiment],
        f"tags.`{TRAINING_TAG}` = '{key}' and attributes.status = '{status}'",
        max_results=1,
    )
    return str(runs[0].info.run_id) if runs else None


def unfinished_run(client: Any, experiment: str, context: Context) -> str | None:
    """Return the id of the run in which the project's present model learned, if that run is not finished."""
    key = training_key(context.root, params.read(context.root))
    return find_training(client, experiment, key, "RUNNING")


def logged_steps(client: Any, run_id: str) -> set[tuple[str, int]]:
    """Return the metrics and steps that a run has."""
    names = client.get_run(run_id).data.metrics
    return {
        (name, point.step) for name in names for point in client.get_metric_history(run_id, name)
    }


def log(client: Any, run_id: str, points: Sequence[tuple[str, float, int]]) -> None:
    """Log metrics, each with its step."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, step) for name, value, step in points]
    for start in range(0, len(metrics), MAX_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + MAX_BATCH])
