"""Tracking: one run of MLflow for each distinct result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import files
from mlops_plugins.integrations.mlflow import live
from mlops_plugins.integrations.mlflow.store import (
    DIGEST_TAG,
    alone,
    connected,
    create_run,
    experiment_of,
    find_run,
)
from mlops_plugins.stages.track import mlflow_trials

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.track import Result

MAX_PARAMETER_LENGTH = 6000


class Tracker(Component):
    """Logs parameters, metrics, reports, trials, commit and hashes, once for each distinct result."""

    experiment: str | None = Field(
        None, description="MLflow's experiment; null for the project's name."
    )

    live: bool = Field(
        False,
        description="Whether metrics are logged while the model learns, in the run that tracking goes "
        "on with. Importing MLflow then adds two seconds to each training.",
    )

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Find the result's run, or make it; write its id."""
        client = connected(context)
        # Two processes with the same result would both find no run, and both make one.
        with alone(context):
            context.log(self._tracked(context, client, result))
        # Not the run's id, which differs in each store: DVC would see another result in each clone.
        files.write_json(output, {"digest": result.digest})

    def _tracked(self, context: Context, client: Any, result: Result) -> str:
        """Find the result's run, or make it; return what to log."""
        experiment = experiment_of(client, self.experiment or context.project)
        run_id = find_run(client, [experiment], result.digest)
        if run_id is not None:
            return f"tracked already: run {run_id}"
        begun = find_run(client, [experiment], result.digest, status="RUNNING")
        if begun is None and self.live:
            begun = live.unfinished_run(client, experiment, context)
        run_id = _log(client, experiment, begun, result, context.root)
        return f"tracked as {result.name}: run {run_id}"


def _log(client: Any, experiment: str, begun: str | None, result: Result, root: Path) -> str:
    """Log a run, or go on with one that was killed; only when finished it is the result's run."""
    import time

    from mlflow.entities import Metric, Param, RunTag

    tags = {**result.tags, DIGEST_TAG: result.digest}
    run_id = begun or create_run(client, experiment, result.name, {DIGEST_TAG: result.digest})
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now, 0) for key, value in result.metrics.items()],
        params=[
            Param(key, str(value)[:MAX_PARAMETER_LENGTH]) for key, value in result.params.items()
        ],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    mlflow_trials.log(client, experiment, run_id, result)
    if begun:
        # It began before its result had a name.
        client.update_run(run_id, name=result.name)
    there = live.logged_steps(client, run_id)
    points = ((name, value, step) for name, at in result.history.items() for step, value in at)
    live.log(client, run_id, [point for point in points if (point[0], point[2]) not in there])
    for file in result.files:
        client.log_artifact(run_id, str(file), file.parent.relative_to(root).as_posix())
    client.set_terminated(run_id)
    return run_id
