"""MLflow tracks each distinct result once, and holds the models and their aliases.

The store is SQLite in the project unless `MLFLOW_TRACKING_URI` names a server. A model is logged as
its own folder, loaded by our own loader: nothing in it is a pickle, and MLflow's
`mlflow.pyfunc.load_model` gives the same predictions as the service.
"""

from __future__ import annotations

import os
import shutil
import warnings
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins import files
from mlops_plugins.errors import ModelError
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.model import MANIFEST, describe
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Champion, Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops_plugins.model import Description
    from mlops_plugins.schema import Schema
    from mlops_plugins.stages import Context, Result

CHAMPION, CHALLENGER = "champion", "challenger"
DIGEST_TAG = "mlops.digest"
DATABASE = "mlflow.db"
REQUIREMENTS = ("mlops-plugins", "scikit-learn", "skops", "pandas", "numpy", "scipy", "pyarrow")
LONGEST_PARAMETER = 6000
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # MLflow would copy uv.lock, with the addresses of private indexes, into each model.
    "MLFLOW_UV_AUTO_DETECT": "false",
}


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the tracker and the registry."""
    yield Implementation(
        stage=Stage.TRACK,
        name="mlflow",
        target="mlops_plugins.plugins.mlflow:Tracker",
        summary="MLflow: one run for each distinct result",
        extra="mlops-plugins[mlflow]",
    )
    yield Implementation(
        stage=Stage.TRACK,
        name="none",
        target="mlops_plugins.plugins.mlflow:NoTracker",
        summary="Track nothing",
    )
    yield Implementation(
        stage=Stage.REGISTER,
        name="mlflow",
        target="mlops_plugins.plugins.mlflow:Registry",
        summary="MLflow's model registry: versions, challenger and champion",
        extra="mlops-plugins[mlflow]",
    )


class NoTracker(Options):
    """Tracks nothing."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Write that there is no run."""
        files.write_json(output, {"digest": result.digest})


class Tracker(Options):
    """Logs parameters, metrics, reports, commit and hashes, once for each distinct result."""

    experiment: str | None = Field(
        None, description="MLflow's experiment; null for the project's name."
    )

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Find the result's run, or make it; write its id."""
        client = _client(context)
        experiment = _experiment(client, self.experiment or context.project)
        run_id = _find_run(client, [experiment], result.digest)
        if run_id is None:
            begun = _find_run(client, [experiment], result.digest, status="RUNNING")
            run_id = _log(client, experiment, begun, result, context.root)
            context.say(f"tracked as {result.name}: run {run_id}")
        else:
            context.say(f"tracked already: run {run_id}")
        # Not the run's id, which differs in each store: DVC would see another result in each clone.
        files.write_json(output, {"digest": result.digest})


def _client(context: Context) -> Any:
    """Return a client of the tracking store, made ready once however many processes start at once."""
    from filelock import FileLock

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if uri:
        return _connect(uri)
    # MLflow's first use of a database creates its tables, and two first uses at once fail.
    with FileLock(context.home / ".mlflow.lock"):
        if not (context.home / DATABASE).exists():
            _make_database(context.home / DATABASE)
        client = _connect(f"sqlite:///{context.home / DATABASE}")
        client.search_experiments(max_results=1)
    # MLflow sets it, and another project in this process would find its models here.
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    return client


def _make_database(path: Path) -> None:
    """Let MLflow make its tables beside, as it cannot go on where it was killed half-way."""
    import sqlite3

    with files.replacing(path) as draft:
        _connect(f"sqlite:///{draft}").search_experiments(max_results=1)
        # MLflow keeps its connection: what it wrote must be in the file itself before that moves.
        with sqlite3.connect(draft) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def _connect(uri: str) -> Any:
    """Return a client of this store, which MLflow's own functions then use too."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient(uri, uri)


def _experiment(client: Any, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=_artifacts(client)))
        except MlflowException:  # another process was faster
            found = client.get_experiment_by_name(name)
    return str(found.experiment_id)


def _artifacts(client: Any) -> str | None:
    """Return where artifacts of a local store belong; a server knows itself."""
    uri = str(client.tracking_uri)
    if not uri.startswith("sqlite:///"):
        return None
    return (Path(uri.removeprefix("sqlite:///")).parent / "mlartifacts").as_uri()


def _find_run(
    client: Any, experiments: list[str], digest: str, *, status: str = "FINISHED"
) -> str | None:
    runs = client.search_runs(
        experiments,
        f"tags.`{DIGEST_TAG}` = '{digest}' and attributes.status = '{status}'",
        max_results=1,
    )
    return runs[0].info.run_id if runs else None


def _log(client: Any, experiment: str, begun: str | None, result: Result, root: Path) -> str:
    """Log a run, or go on with one that was killed; only when finished it is the result's run."""
    import time

    from mlflow.entities import Metric, Param, RunTag

    tags = {**result.tags, DIGEST_TAG: result.digest}
    run_id = begun or _create_run(client, experiment, result.name, {DIGEST_TAG: result.digest})
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now, 0) for key, value in result.metrics.items()],
        params=[Param(key, str(value)[:LONGEST_PARAMETER]) for key, value in result.params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    for file in result.files:
        client.log_artifact(run_id, str(file), file.parent.relative_to(root).as_posix())
    client.set_terminated(run_id)
    return run_id


def _create_run(client: Any, experiment: str, name: str, tags: dict[str, str]) -> str:
    return str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)


class Registry(Options):
    """Registers what the gate lets through, and moves the aliases."""

    model: str | None = Field(
        None, description="The registered model's name; null for the project's."
    )

    def register(
        self,
        context: Context,
        *,
        model: Path,
        reference: Path,
        verdict: Path,
        run: Path,
        output: Path,
    ) -> None:
        """Register the model as challenger, and as champion too if it is promoted.

        Raises:
            ModelError: The champion has changed since the gate compared with it.
        """
        judged = files.read_json(verdict)
        digest = files.digest(model)
        if judged["model"] != digest:
            raise ModelError(
                "The verdict is about another model.", where=str(verdict), next_step="dvc repro"
            )
        if judged["decision"] == "block":
            context.say("blocked by the gate: not registered")
            files.write_json(output, {"name": self._name(context), "digest": digest, "alias": None})
            return
        client, name = _client(context), self._name(context)
        self._check_champion(client, name, judged)
        version = _version_of(client, name, digest) or self._log(
            context, client, model, reference, run
        )
        aliases = [CHALLENGER] + ([CHAMPION] if judged["decision"] == "promote" else [])
        for alias in aliases:
            client.set_registered_model_alias(name, alias, version)
        context.say(f"{name} version {version}: {', '.join(aliases)}")
        files.write_json(output, {"name": name, "digest": digest, "alias": aliases[-1]})

    def champion(self, context: Context) -> Champion | None:
        """Return the champion; a local store that does not exist yet has none."""
        local = not os.environ.get("MLFLOW_TRACKING_URI")
        if local and not (context.home / DATABASE).exists():
            return None
        client, name = _client(context), self._name(context)
        found = _champion(client, name)
        if found is None:
            return None
        return Champion(
            version=str(found.version),
            digest=found.tags[DIGEST_TAG],
            fetch=lambda folder: _fetch(client, name, str(found.version), folder),
        )

    def _name(self, context: Context) -> str:
        return self.model or context.project

    def _check_champion(self, client: Any, name: str, judged: dict[str, Any]) -> None:
        current = _champion(client, name)
        version = str(current.version) if current else None
        if version != judged["champion"] and (
            current is None or current.tags[DIGEST_TAG] != judged["model"]
        ):
            raise ModelError(
                f"The champion is version {version}, but the gate compared with {judged['champion']}.",
                where="reports/verdict.json",
                next_step="dvc repro --force gate",
            )

    def _log(self, context: Context, client: Any, model: Path, reference: Path, run: Path) -> str:
        """Log the model folder and the reference, and make them a version; return its number."""
        import mlflow
        from mlflow.models import Model

        described = describe(model)
        # The tracker may have put the run into an experiment of another name.
        experiments = [found.experiment_id for found in client.search_experiments()]
        run_id = _find_run(client, experiments, files.read_json(run)["digest"])
        if run_id is None:
            run_id = _create_run(client, _experiment(client, context.project), context.project, {})
            client.set_terminated(run_id)
        tracked = client.get_run(run_id)
        begun = mlflow.initialize_logged_model(
            "model", run_id, params=tracked.data.params, experiment_id=tracked.info.experiment_id
        )
        with _package(model, reference) as package, warnings.catch_warnings():
            # No example of the input: a signature from the schema says more, and rows may be private.
            warnings.filterwarnings("ignore", message="(?s).*input example")
            # Not pyfunc.log_model, which wants the run to run: killed now, it would not be finished.
            logged = Model.log(
                None,
                mlflow.pyfunc,
                run_id=run_id,
                model_id=begun.model_id,
                loader_module="mlops_plugins.mlflow_loader",
                data_path=str(package),
                signature=_signature(described),
                pip_requirements=_requirements(described),
            )
        _ensure_registered(client, self._name(context))
        version = client.create_model_version(
            self._name(context),
            logged.model_uri,
            run_id,
            tags={DIGEST_TAG: described.digest},
            model_id=logged.model_id,
        )
        return str(version.version)


def _ensure_registered(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)


def _champion(client: Any, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _version_of(client: Any, name: str, digest: str) -> str | None:
    """Return the version that holds this very model, if it is registered already."""
    found = client.search_model_versions(f"name = '{name}' and tags.`{DIGEST_TAG}` = '{digest}'")
    return str(found[0].version) if found else None


def _fetch(client: Any, name: str, version: str, folder: Path) -> Path:
    """Download a version's package into `folder`."""
    import tempfile

    import mlflow

    with tempfile.TemporaryDirectory() as scratch:
        store = str(client.tracking_uri)
        uri = f"models:/{name}/{version}"
        downloaded = mlflow.artifacts.download_artifacts(
            uri, dst_path=scratch, tracking_uri=store, registry_uri=store
        )
        packages = [path.parent.parent for path in Path(downloaded).rglob(f"model/{MANIFEST}")]
        if not packages:
            raise ModelError(f"Version {version} of '{name}' holds no model of ours.", where=uri)
        shutil.copytree(packages[0], folder, dirs_exist_ok=True)
    return folder


@contextmanager
def _package(model: Path, reference: Path) -> Iterator[Path]:
    """Lay out what a version holds: the model folder, and the reference for monitoring."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / "package"
        shutil.copytree(model, package / "model")
        shutil.copyfile(reference, package / "reference.parquet")
        yield package


def _requirements(model: Description) -> list[str]:
    """Return the installed versions of what loading and predicting need."""
    import re

    from mlops_plugins.registry import registry

    names = {*REQUIREMENTS}
    for stage in (Stage.TRAIN, Stage.FEATURES):
        offer = registry().find(stage, model.manifest[stage])
        names |= {*offer.implementation.libraries}
        if _can_be_installed(offer.distribution):
            names.add(offer.distribution)
    return [f"{name}=={re.split(r'[+]', metadata.version(name))[0]}" for name in sorted(names)]


def _can_be_installed(distribution: str) -> bool:
    """Say whether it came from elsewhere: of a folder on this machine, nobody else has the code."""
    origin = metadata.distribution(distribution).read_text("direct_url.json")
    return origin is None or "dir_info" not in origin


def _signature(model: Description) -> Any:
    """Return the signature from the schema; MLflow's inference fails on nullable integers."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType
    from mlflow.types import Schema as MlflowSchema

    kinds = {
        "integer": DataType.long,
        "number": DataType.double,
        "boolean": DataType.boolean,
        "category": DataType.string,
        "text": DataType.string,
        "datetime": DataType.datetime,
    }

    def kind(schema: Schema, name: str) -> Any:
        column = schema.columns[name]
        if column.nullable and column.type in ("integer", "boolean"):
            return DataType.double  # numpy has no null for them
        if column.type == "category" and column.values and not isinstance(column.values[0], str):
            return DataType.long
        return kinds[column.type]

    inputs = model.inputs
    columns = [
        ColSpec(kind(inputs, name), name, required=not inputs.columns[name].nullable)
        for name in inputs.columns
    ]
    numeric = model.classes is None or not isinstance(model.classes[0], str)
    outputs = [
        ColSpec(DataType.double if numeric else DataType.string, "prediction"),
        ColSpec(DataType.double, "score"),
    ]
    return ModelSignature(inputs=MlflowSchema(columns), outputs=MlflowSchema(outputs))
