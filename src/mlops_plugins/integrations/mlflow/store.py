"""Where MLflow keeps runs and models: a database in the project, or a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts import files
from mlops_plugins.integrations.mlflow import location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.api.context import Context

DIGEST_TAG = "mlops.digest"
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # MLflow would copy uv.lock, with the addresses of private indexes, into each model.
    "MLFLOW_UV_AUTO_DETECT": "false",
}


def connected(context: Context) -> Any:
    """Return a client of the tracking store, made ready once however many processes start at once.

    Raises:
        ConfigurationError: The server that `MLFLOW_TRACKING_URI` names does not answer.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri:
        return _reached(uri)
    # MLflow's first use of a database creates its tables, and two first uses at once fail.
    with alone(context):
        database = context.home / location.DATABASE
        if database.exists():
            location.follow(context.home)
        else:
            _make_database(database)
        client = _connect(location.address(database))
        client.search_experiments(max_results=1)
    return client


@contextmanager
def alone(context: Context) -> Iterator[None]:
    """Let one process of this project at a time read the store and write what it did not find.

    Processes on other machines, which only a server brings together, do not wait for each other.
    """
    from filelock import FileLock

    with FileLock(context.home / ".mlflow.lock"):
        yield


def _make_database(path: Path) -> None:
    """Let MLflow make its tables beside, as it cannot go on where it was killed half-way."""
    import sqlite3

    with files.replacing(path) as draft:
        _connect(location.address(draft)).search_experiments(max_results=1)
        # MLflow keeps its connection: what it wrote must be in the file itself before that moves.
        with sqlite3.connect(draft) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def _reached(uri: str) -> Any:
    """Return a client of a server that answers."""
    from mlflow.exceptions import MlflowException

    client = _connect(uri)
    try:
        client.search_experiments(max_results=1)
    except MlflowException as error:
        shown = _without_password(uri)
        message = " ".join(str(error).replace(uri, shown).split())[:200]
        raise ConfigurationError(
            f"MLflow's server does not answer as it should: {message}.",
            where=f"MLFLOW_TRACKING_URI: {shown}",
            expected="the address of a server, such as http://mlflow.example.org:5000",
            next_step="start it, correct the variable, or unset it to track in the project",
        ) from None
    return client


def _without_password(uri: str) -> str:
    """Return an address as it may be shown."""
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else uri


def _connect(uri: str) -> Any:
    """Return a client of this store, which MLflow's own functions then use too."""
    import mlflow

    location.escape_percent_signs()
    configured = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    # MLflow hands them on to every process begun from here, also to those of other projects.
    os.environ.pop("MLFLOW_REGISTRY_URI", None)
    if not configured:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    return mlflow.MlflowClient(uri, uri)


def experiment_of(client: Any, name: str) -> str:
    """Return the id of the experiment of this name, which is made if there is none.

    Raises:
        ConfigurationError: It is deleted, which MLflow remembers.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(client.create_experiment(name, artifact_location=_artifacts(client)))
        except MlflowException:  # another process was faster
            experiment = client.get_experiment_by_name(name)
    if experiment.lifecycle_stage == "deleted":
        raise ConfigurationError(
            f"The experiment '{name}' is deleted in MLflow.",
            where=str(client.tracking_uri),
            next_step=f"mlflow experiments restore --experiment-id {experiment.experiment_id}, "
            "or another name in conf/track/mlflow.yaml",
        )
    return str(experiment.experiment_id)


def _artifacts(client: Any) -> str | None:
    """Return where artifacts of a local store belong; a server knows itself."""
    uri = str(client.tracking_uri)
    if not uri.startswith("sqlite:///"):
        return None
    return location.artifacts(Path(uri.removeprefix("sqlite:///")).parent)


def find_run(
    client: Any, experiments: list[str], digest: str, *, status: str = "FINISHED"
) -> str | None:
    """Return the id of the run that is tagged with a digest, if there is one."""
    runs = client.search_runs(
        experiments,
        f"tags.`{DIGEST_TAG}` = '{digest}' and attributes.status = '{status}'",
        max_results=1,
    )
    return runs[0].info.run_id if runs else None


def create_run(client: Any, experiment: str, name: str, tags: dict[str, str]) -> str:
    """Begin a run; return its id."""
    return str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
