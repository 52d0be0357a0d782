"""What makes a stage stale beside files and parameters: the implementation that runs it."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mlops_plugins.files import digest

if TYPE_CHECKING:
    from mlops_plugins.stages import Implementation


def identity(implementation: Implementation) -> dict[str, Any]:
    """Return what DVC compares: cache version, versions of result-affecting libraries, sources.

    The plugin's own version is not in it, so that upgrading a plugin whose results are the same
    reruns nothing; its author raises `cache_version` when they are not.
    """
    made: dict[str, Any] = {"cache_version": implementation.cache_version}
    if implementation.libraries:
        made["libraries"] = {name: _version(name) for name in sorted(implementation.libraries)}
    if implementation.sources:
        whole = "".join(digest(source) for source in sorted(implementation.sources))
        made["sources"] = hashlib.sha256(whole.encode()).hexdigest()
    return made


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
