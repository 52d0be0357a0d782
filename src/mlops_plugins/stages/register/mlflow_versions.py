"""Versions, aliases and the history in MLflow's model registry.

The history of `late` is a registered model of its own, `late.history`: MLflow numbers the versions of
a model in one step, on SQLite and on a server alike, so that each entry is a version, its text in the
tags that the creating call sets.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files
from mlops_plugins.artifacts.model_folder import MANIFEST, describe
from mlops_plugins.integrations.mlflow.store import DIGEST_TAG, create_run, experiment_of, find_run
from mlops_plugins.stages.register.history import Entry
from mlops_plugins.stages.register.mlflow_packaging import laid_out, requirements, signature
from mlops_plugins.stages.register.store import LINEAGE, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.stages.register.store import Package

VERDICT_TAG = "mlops.verdict"
ENTRY_TAG = "mlops."
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
PAGE = 1000


class MlflowStore:
    """The registered model of one name, and its history.

    Args:
        client: MLflow's client.
        name: The registered model's name.
        experiment: The experiment for a model whose run is not tracked.
    """

    def __init__(self, client: Any, name: str, experiment: str) -> None:
        self._client, self._name, self._experiment = client, name, experiment
        self._log = f"{name}.history"

    def versions(self) -> list[Version]:
        """Return every version, oldest first."""
        return [_version(version) for version in self._all(self._name)]

    def find(self, number: str) -> Version | None:
        """Return a version, or None if there is none of this number."""
        if not number.isdecimal():
            return None
        with _absent():
            return _version(self._client.get_model_version(self._name, number))
        return None

    def add(self, package: Package) -> str:
        """Upload the files, then make the version: whoever sees its number can fetch it."""
        run = self._run(package.run)
        model_id, uri = self._upload(package, run)
        self._ensure(self._name)
        version = self._client.create_model_version(
            self._name,
            uri,
            run.info.run_id,
            tags={DIGEST_TAG: package.digest, VERDICT_TAG: package.verdict},
            model_id=model_id,
        )
        return str(version.version)

    def set_verdict(self, number: str, verdict: str) -> None:
        """Replace the newest verdict on a version."""
        self._client.set_model_version_tag(self._name, number, VERDICT_TAG, verdict)

    def entries(self) -> list[Entry]:
        """Return the log."""
        return [_entry(version) for version in self._all(self._log)]

    def append(self, entry: Entry) -> None:
        """Append to the log: MLflow gives the next number, and each number once."""
        self._ensure(self._log)
        self._client.create_model_version(
            self._log,
            f"models:/{self._name}/{entry.after}",
            tags={ENTRY_TAG + key: text for key, text in entry.to_dict().items()},
        )

    def aliases(self) -> Mapping[str, str]:
        """Return the version of each alias."""
        with _absent():
            aliases = self._client.get_registered_model(self._name).aliases
            return {alias: str(number) for alias, number in aliases.items()}
        return {}

    def set_alias(self, alias: str, number: str) -> None:
        """Let an alias name a version."""
        self._client.set_registered_model_alias(self._name, alias, number)

    def fetch(self, number: str, folder: Path) -> Path:
        """Download a version's package into `folder`.

        Raises:
            ModelError: It is not there, or holds no model of ours.
        """
        uri = self._uri(number)
        with tempfile.TemporaryDirectory() as scratch:
            downloaded = self._download(uri, scratch)
            packages = [path.parent.parent for path in downloaded.rglob(f"model/{MANIFEST}")]
            if not packages:
                raise ModelError(
                    f"Version {number} of '{self._name}' holds no model of ours.", where=uri
                )
            shutil.copytree(packages[0], folder, dirs_exist_ok=True)
        return folder

    def lineage(self, number: str) -> Mapping[str, Any]:
        """Return a version's lineage; nothing if it was registered without."""
        import mlflow

        place = f"{self._uri(number)}/data/package"
        store = str(self._client.tracking_uri)
        listed = mlflow.artifacts.list_artifacts(artifact_uri=place, tracking_uri=store) or []
        if not any(each.path.endswith(LINEAGE) for each in listed):
            return {}
        with tempfile.TemporaryDirectory() as scratch:
            return dict(files.read_json(self._download(f"{place}/{LINEAGE}", scratch)))

    def _uri(self, number: str) -> str:
        return f"models:/{self._name}/{number}"

    def _download(self, uri: str, folder: str) -> Path:
        import mlflow
        from mlflow.exceptions import MlflowException

        store = str(self._client.tracking_uri)
        try:
            return Path(
                mlflow.artifacts.download_artifacts(
                    uri, dst_path=folder, tracking_uri=store, registry_uri=store
                )
            )
        except (MlflowException, OSError) as error:
            raise ModelError(
                f"The files of {uri} are not there: {error}.",
                where=store,
                next_step="restore MLflow's artifacts, or train and register again",
            ) from error

    def _all(self, name: str) -> list[Any]:
        """Return all versions of a registered model, by number."""
        versions: list[Any] = []
        more: str | None = None
        while more != "":
            page = self._client.search_model_versions(
                f"name = '{name}'", max_results=PAGE, page_token=more
            )
            versions += page
            more = page.token or ""
        return sorted(versions, key=lambda version: int(version.version))

    def _ensure(self, name: str) -> None:
        """Make the registered model if there is none."""
        from mlflow.exceptions import MlflowException

        with _absent():
            self._client.get_registered_model(name)
            return
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was faster
                raise

    def _run(self, digest: str) -> Any:
        """Return the run that was tracked for a result, or a new one."""
        # The tracker may have put the run into an experiment of another name.
        experiments = [found.experiment_id for found in self._client.search_experiments()]
        run_id = find_run(self._client, experiments, digest)
        if run_id is None:
            experiment = experiment_of(self._client, self._experiment)
            run_id = create_run(self._client, experiment, self._experiment, {})
            self._client.set_terminated(run_id)
        return self._client.get_run(run_id)

    def _upload(self, package: Package, run: Any) -> tuple[str, str]:
        """Log the package as a model of the run; return the model's id and its address."""
        import mlflow
        from mlflow.models import Model

        described = describe(package.model)
        logged_model = mlflow.initialize_logged_model(
            "model",
            run.info.run_id,
            params=run.data.params,
            experiment_id=run.info.experiment_id,
        )
        with laid_out(package) as folder, warnings.catch_warnings():
            # No example of the input: a signature from the schema says more, and rows may be private.
            warnings.filterwarnings("ignore", message="(?s).*input example")
            # Not pyfunc.log_model, which wants the run to run: killed now, it would not be finished.
            logged = Model.log(
                None,
                mlflow.pyfunc,
                run_id=run.info.run_id,
                model_id=logged_model.model_id,
                loader_module="mlops_plugins.mlflow_loader",
                data_path=str(folder),
                signature=signature(described),
                pip_requirements=requirements(described),
            )
        return logged.model_id, logged.model_uri


@contextmanager
def _absent() -> Iterator[None]:
    """Go on after the block if MLflow answers that there is no such thing."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise


def _version(version: Any) -> Version:
    return Version(
        number=str(version.version),
        digest=version.tags.get(DIGEST_TAG, ""),
        verdict=version.tags.get(VERDICT_TAG, ""),
    )


def _entry(version: Any) -> Entry:
    fields = {key.removeprefix(ENTRY_TAG): text for key, text in version.tags.items()}
    return Entry.from_dict(int(version.version), fields)
