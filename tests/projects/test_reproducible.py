"""The same commit gives the same bytes, wherever it is cloned; more threads give the same metrics."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from mlops_plugins.api.paths import METRICS, MODEL, REFERENCE
from mlops_plugins.artifacts import files
from mlops_plugins.runtime.threads import THREAD_VARIABLES
from tests.helpers.projects import Project, git, give_environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RESULTS = (METRICS, REFERENCE, MODEL)


def clone(source: Project, target: Path) -> Project:
    """Clone a project as its next user does: no data, no cache, no store."""
    git(source.root, "clone", "--quiet", str(source.root), str(target))
    made = Project(target)
    # What git does not keep, and `make setup` makes.
    shutil.copyfile(source.root / "uv.lock", target / "uv.lock")
    give_environment(made)
    assert not (target / "data" / "raw.parquet").exists()
    return made


def hashes(project: Project) -> dict[str, str]:
    return {name: files.digest(project.root / name) for name in RESULTS}


def test_two_clean_clones_give_equal_hashes(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in THREAD_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    one = clone(finished, tmp_path / "one")
    other = clone(finished, tmp_path / "a longer way" / "to the other")
    for each in (one, other):
        each.mlops("run", "--all")

    assert hashes(one) == hashes(other)
    # The first was made by DVC, stage by stage.
    assert hashes(one) == hashes(finished)
    manifest = json.loads(one.read(f"{MODEL}/manifest.json"))
    assert "history.json" in manifest["files"]

    other.edit("conf/config.yaml", "threads: 1", "threads: 4")
    other.mlops("run", "--all")

    alone, together = (json.loads(each.read(METRICS)) for each in (one, other))
    assert together == pytest.approx(alone, rel=0, abs=1e-9)
