"""Serve a model folder, or the champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import parse
from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.paths import PREDICTION_LOG
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import exported
from mlops_plugins.artifacts.exported import DEFAULT
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.config import params
from mlops_plugins.manager.failures import attributed
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.runtime.threads import cap_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlops_plugins.artifacts.exported import Export


def run(
    root: Path, model: Path | None, *, host: str, port: int, log: Callable[[str], None]
) -> None:
    """Serve a model folder, or the champion, until interrupted."""
    export = exported.read(model) if model is not None else None
    if model is not None and not (root / params.FILE).exists():
        _serve_alone(root, model, export, host=host, port=port, log=log)
        return
    project = Project(root, log)
    folder, version = model, export.version if export else "unregistered"
    if folder is None:
        champion = project.champion()
        folder, version = project.fetched(champion) / "model", champion.version
    component = _service(export.serve) if export else project.component(Stage.SERVE)
    with project.observed(Stage.SERVE) as context:
        component.serve(
            context,
            model=folder,
            version=version,
            log=context.home / PREDICTION_LOG,
            host=host,
            port=port,
        )


def _serve_alone(
    root: Path,
    model: Path,
    export: Export | None,
    *,
    host: str,
    port: int,
    log: Callable[[str], None],
) -> None:
    """Serve a model folder where there is no project, as in an image."""
    opened = open_model(model)
    manifest = opened.manifest
    described = manifest["schema"]
    context = Context(
        root=root,
        project=manifest["project"],
        seed=0,
        threads=1,
        log=log,
        data=Data(
            task=manifest["task"],
            target=described["target"],
            id=described["id"],
            weight=described.get("weight"),
        ),
    )
    cap_threads(context.threads)
    version = export.version if export else f"sha256:{opened.digest[:12]}"
    chosen = export.serve if export else DEFAULT
    with attributed(plugin_manager().find(Stage.SERVE, chosen["name"]), root):
        _service(chosen).serve(
            context, model=model, version=version, log=root / PREDICTION_LOG, host=host, port=port
        )


def _service(chosen: Mapping[str, Any]) -> Any:
    """Return the service that a project chose when it exported the model."""
    options = {key: value for key, value in chosen.items() if key != "name"}
    kind = plugin_manager().load(Stage.SERVE, chosen["name"])
    return parse(kind, options, where=f"{exported.FILE}: {Stage.SERVE}")
