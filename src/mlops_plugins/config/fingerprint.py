"""What makes a stage stale beside files and parameters: the implementation that runs it."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.context import home
from mlops_plugins.artifacts.files import digest
from mlops_plugins.manager import modules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.api.component import Component
    from mlops_plugins.api.spec import ComponentSpec


def fingerprint(spec: ComponentSpec, options: Component, root: Path) -> dict[str, Any]:
    """Return what DVC compares: cache version, versions of result-affecting libraries, sources.

    A plugin's own version is not in it, so that upgrading a plugin whose results are the same
    reruns nothing; its author raises `cache_version` when they are not. The code of a project's own
    implementation changes daily, so that its source counts instead.
    """
    made: dict[str, Any] = {"cache_version": spec.cache_version}
    if spec.libraries:
        made["libraries"] = {name: _version(name) for name in sorted(spec.libraries)}
    sources = {
        *spec.sources,
        *options.depends_on(root),
        *_own_code(spec, home(root)),
    }
    if sources:
        digests = "".join(digest(source) for source in sorted(sources))
        made["sources"] = hashlib.sha256(digests.encode()).hexdigest()
    return made


def _own_code(spec: ComponentSpec, project: Path) -> Iterable[Path]:
    """Return the implementation's module and what it imports, if they are the project's."""
    file = modules.find(spec.target.partition(":")[0])
    if file is None or not file.resolve().is_relative_to(project / "src"):
        return ()
    return modules.needed(file.resolve())


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
