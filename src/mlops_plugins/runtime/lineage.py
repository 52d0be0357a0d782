"""What a model was made from, written down when it is registered: its runs may be deleted later."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.paths import EVALUATION
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.discovery import OWN_DISTRIBUTION
from mlops_plugins.runtime.result import before_tracking, git_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops_plugins.api.context import Context
    from mlops_plugins.config.params import Params

LOCK = "uv.lock"


def collect(context: Context, params: Params) -> dict[str, Any]:
    """Gather it from the project's files; what is not there is null.

    Returns:
        `data` (the manifest of what was ingested), `code` (`commit`, `dirty`), `parameters` (of each
        stage up to the gate, and the settings), `environment` (`python`, `system`, `libraries` that
        affect results, `lock`: the SHA-256 of uv.lock) and `metrics` (each with its 95 % interval).
    """
    tree = params.as_dict()
    stages = before_tracking(params)
    git = git_state(context.root)
    return {
        "data": files.read_json_if_any(context.root / CONTRACTS[Stage.INGEST].outputs["manifest"]),
        "code": {"commit": git.get("git.commit"), "dirty": git.get("git.dirty") == "True"},
        "parameters": {key: tree[key] for key in ("data", "seed", "threads", *stages)},
        "environment": {
            "python": platform.python_version(),
            "system": platform.platform(terse=True),
            "libraries": _libraries(params, stages),
            "lock": _digest(context),
        },
        "metrics": files.read_json_if_any(context.root / EVALUATION / "summary.json"),
    }


def _digest(context: Context) -> str | None:
    path = context.root / LOCK
    return files.digest(path) if path.exists() else None


def _libraries(params: Params, stages: Iterable[str]) -> dict[str, str]:
    """Return the versions of what the chosen implementations say affects their results."""
    names = {OWN_DISTRIBUTION}
    for stage in stages:
        registered = params.registered(stage)
        names |= {registered.distribution, *registered.implementation.libraries}
    installed = {name: _version(name) for name in sorted(names)}
    return {name: version for name, version in installed.items() if version}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
