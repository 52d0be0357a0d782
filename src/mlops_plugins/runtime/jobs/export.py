"""Copy the champion's model folder out of the registry."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mlops_plugins.artifacts import files
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(root: Path, folder: Path, *, log: Callable[[str], None]) -> str:
    """Copy the champion's model folder to `folder`, and return its version."""
    project = Project(root, log)
    champion = project.champion()
    with files.replacing(folder) as draft:
        shutil.copytree(project.fetched(champion) / "model", draft)
    return champion.version
