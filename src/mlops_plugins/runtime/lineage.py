"""What a model was made from, written down when it is registered: its runs may be deleted later."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.api.paths import EVALUATION
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.discovery import OWN_DISTRIBUTION
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.result import git_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.context import Context

LOCK = "uv.lock"


def collect(context: Context, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Gather it from the project's files; what is not there is null.

    Returns:
        `data` (the manifest of what was ingested), `code` (`commit`, `dirty`), `parameters` (of each
        stage up to the gate, and the settings), `environment` (`python`, `system`, `libraries` that
        affect results, `lock`: the SHA-256 of uv.lock) and `metrics` (each with its 95 % interval).
    """
    settings = [key for key in ("data", "seed", "threads") if key in whole]
    before = PIPELINE[: PIPELINE.index(Stage.TRACK)]
    stages = [stage for stage in before if stage in whole]
    git = git_state(context.root)
    return {
        "data": files.read_json_if_any(context.root / CONTRACTS[Stage.INGEST].outputs["manifest"]),
        "code": {"commit": git.get("git.commit"), "dirty": git.get("git.dirty") == "True"},
        "parameters": {key: whole[key] for key in settings} | {str(s): whole[s] for s in stages},
        "environment": {
            "python": platform.python_version(),
            "system": platform.platform(terse=True),
            "libraries": _libraries({stage: whole[stage]["name"] for stage in stages}),
            "lock": _digest(context),
        },
        "metrics": files.read_json_if_any(context.root / EVALUATION / "summary.json"),
    }


def _digest(context: Context) -> str | None:
    path = context.root / LOCK
    return files.digest(path) if path.exists() else None


def _libraries(chosen: Mapping[Stage, str]) -> dict[str, str]:
    """Return the versions of what the chosen implementations say affects their results."""
    names = {OWN_DISTRIBUTION}
    for stage, name in chosen.items():
        offer = plugin_manager().find(stage, name)
        names |= {offer.distribution, *offer.implementation.libraries}
    installed = {name: _version(name) for name in sorted(names)}
    return {name: version for name, version in installed.items() if version}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
