"""A fresh clone, as CI works in, compares with the champion of git's history."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.helpers.projects import Project, give_environment, ran

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(project: Project, tmp_path: Path) -> Project:
    """A clone of the project, with git's files alone, in which a worse model is proposed."""
    project.dvc("remote", "add", "--default", "storage", str(tmp_path / "storage"))
    project.dvc("push")
    project.commit("Keep the data in a storage")
    subprocess.run(["git", "clone", "--quiet", project.root, tmp_path / "clone"], check=True)
    cloned = Project(tmp_path / "clone")
    give_environment(cloned)
    cloned.edit("conf/train/sklearn.yaml", "learning_rate: 0.05", "learning_rate: 0.0001")
    cloned.commit("Learn less")
    return cloned


def test_a_worse_model_is_blocked_in_a_fresh_clone_too(clone: Project) -> None:
    said = clone.mlops("restore", "--at", "HEAD^")
    promoted = clone.run("git", "rev-parse", "HEAD~2").stdout
    assert said.stdout.endswith(f"version 1 is champion: the model of commit {promoted[:10]}\n")
    assert ran(said.stdout) == ["track", "register"]  # the storage has what the others made
    assert "byte for byte" not in said.stderr
    assert clone.run("git", "status", "--porcelain").stdout == ""
    assert clone.run("git", "worktree", "list").stdout.count("\n") == 1

    assert "split" not in clone.repro()  # what the champion was made of is in the cache
    judged = clone.mlops("gate", check=False)
    assert judged.returncode == 6
    assert "worse: roc_auc" in judged.stdout
    assert "against champion version 1" in judged.stdout
    again = clone.mlops("restore")
    assert again.stdout == "nothing to restore: version 1 is champion\n"


def test_without_a_champion_in_the_history_a_team_may_require_one(project: Project) -> None:
    (project.root / "mlflow.db").unlink()
    shutil.rmtree(project.root / "mlartifacts")
    project.run("git", "checkout", "--quiet", "--orphan", "alone")
    verdict = project.root / "reports/verdict.json"
    verdict.unlink()
    project.edit("conf/gate/champion.yaml", "required: []", "required: [champion]")
    project.commit("Begin again")
    for revision in ("HEAD", "HEAD^"):
        said = project.mlops("restore", "--at", revision)
        assert said.stdout.startswith(f"nothing to restore: no commit up to {revision} has a")

    unknown = project.mlops("restore", "--at", "mian", check=False)
    assert unknown.returncode == 3
    assert "git knows no revision 'mian' here" in unknown.stderr

    project.mlops("compose")
    project.mlops("run", "gate")
    judged = project.mlops("gate", check=False)
    assert judged.returncode == 6
    assert "there is no champion to compare with" in judged.stdout
