"""A tuner's trials: each a run below the result's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.contracts.track import Result
    from mlops_plugins.api.contracts.tune import Trial

PARENT = "mlflow.parentRunId"
NUMBER = "mlops.trial"

ENDED: Mapping[str, str] = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
"""The status of a run by the state of its trial."""


def log(client: Any, experiment: str, parent: str, result: Result) -> None:
    """Log each trial once below the run `parent`, also those that a kill left out or half-way."""
    begun = _begun(client, experiment, parent)
    for trial in result.trials:
        run = begun.get(str(trial.number))
        if run is not None and run.info.status != "RUNNING":
            continue
        if run is None:
            tags = {PARENT: parent, NUMBER: str(trial.number)}
            name = f"{result.name}-trial-{trial.number}"
            run = client.create_run(experiment, run_name=name, tags=tags)
        _log(client, run, result.tuned_by, trial)


def _log(client: Any, run: Any, metric: str, trial: Trial) -> None:
    from mlflow.entities import Metric, Param, RunTag

    # The time of the run's begin: logged again after a kill, a metric is the same entry.
    time = run.info.start_time
    metrics = [
        Metric(f"fold.{metric}", value, time, step) for step, value in enumerate(trial.folds)
    ]
    if trial.state == "complete":
        metrics.append(Metric(metric, trial.value, time, 0))
    tags = [RunTag("mlops.state", trial.state)]
    if trial.reason:
        tags.append(RunTag("mlops.reason", trial.reason))
    params = [Param(f"train.{name}", str(value)) for name, value in trial.options.items()]
    client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=tags)
    client.set_terminated(run.info.run_id, ENDED[trial.state])


def _begun(client: Any, experiment: str, parent: str) -> dict[str, Any]:
    """Return the runs below a run by the number of their trial."""
    found: dict[str, Any] = {}
    token = None
    while True:
        page = client.search_runs(
            [experiment], f"tags.`{PARENT}` = '{parent}'", max_results=1000, page_token=token
        )
        found |= {run.data.tags[NUMBER]: run for run in page if NUMBER in run.data.tags}
        token = page.token
        if not token:
            return found
