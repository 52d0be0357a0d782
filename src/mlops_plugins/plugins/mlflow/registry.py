"""The registry: versions of the model, and the aliases challenger and champion."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins import files
from mlops_plugins.errors import ModelError
from mlops_plugins.model import MANIFEST, describe
from mlops_plugins.options import Field, Options
from mlops_plugins.plugins.mlflow.packaging import package, requirements, signature
from mlops_plugins.plugins.mlflow.store import (
    DATABASE,
    DIGEST_TAG,
    connected,
    create_run,
    experiment_of,
    find_run,
)
from mlops_plugins.stages import Champion

if TYPE_CHECKING:
    from mlops_plugins.stages import Context

CHAMPION, CHALLENGER = "champion", "challenger"


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
        client, name = connected(context), self._name(context)
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
        client, name = connected(context), self._name(context)
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
        run_id = find_run(client, experiments, files.read_json(run)["digest"])
        if run_id is None:
            run_id = create_run(client, experiment_of(client, context.project), context.project, {})
            client.set_terminated(run_id)
        tracked = client.get_run(run_id)
        begun = mlflow.initialize_logged_model(
            "model", run_id, params=tracked.data.params, experiment_id=tracked.info.experiment_id
        )
        with package(model, reference) as packed, warnings.catch_warnings():
            # No example of the input: a signature from the schema says more, and rows may be private.
            warnings.filterwarnings("ignore", message="(?s).*input example")
            # Not pyfunc.log_model, which wants the run to run: killed now, it would not be finished.
            logged = Model.log(
                None,
                mlflow.pyfunc,
                run_id=run_id,
                model_id=begun.model_id,
                loader_module="mlops_plugins.mlflow_loader",
                data_path=str(packed),
                signature=signature(described),
                pip_requirements=requirements(described),
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
