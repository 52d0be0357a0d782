"""Copy the champion's model folder out of the registry."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import exported, files
from mlops_plugins.artifacts.exported import Export
from mlops_plugins.runtime.jobs import targets
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(root: Path, folder: Path, *, log: Callable[[str], None]) -> str:
    """Copy the champion's model folder to `folder`, with how it is served; return its version.

    Raises:
        ConfigurationError: `folder` holds something else.
    """
    targets.check_export(folder)
    project = Project(root, log)
    champion = project.champion()
    serve = project.params.as_dict().get(Stage.SERVE, exported.DEFAULT)
    with files.replacing(folder) as draft:
        shutil.copytree(project.fetched(champion) / "model", draft)
        exported.write(draft, Export(champion.version, champion.digest, serve))
    return champion.version
