"""Make the model that was promoted last, as git's history says, champion of an empty registry.

A fresh clone, as CI works in, has no registry: without this any model would be the first there, and
so be promoted.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ModelError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, git
from mlops_plugins.runtime.jobs import dvc
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERDICT = CONTRACTS[Stage.GATE].outputs["output"]

COPY = ".dvc/tmp/exps/champion"
"""Where the commit is checked out: as in an experiment of DVC, a stage there registers in the project's registry."""

LOCK = "uv.lock"


def run(root: Path, revision: str, *, log: Callable[[str], None]) -> str:
    """Run the pipeline of the newest commit whose verdict promotes; return what happened, in a sentence.

    DVC restores what its cache or a remote has, and makes the rest again, with that commit's code and
    libraries.

    Args:
        root: The project's folder.
        revision: That commit, or one after it.
        log: Takes lines for people.

    Raises:
        ConfigurationError: There is no such revision.
        ModelError: The pipeline of that commit failed, or promotes no model here.
    """
    project = Project(root, log)
    registry = project.component(Stage.REGISTER)
    current = registry.champion(project.context)
    if current is not None:
        return f"nothing to restore: version {current.version} is champion"
    found = promoted(root, revision)
    if found is None:
        return f"nothing to restore: no commit up to {revision} has a verdict that promotes{_shallow(root)}"
    commit, digest = found
    log(f"restoring the champion of commit {commit[:10]}")
    with _checked_out(root, commit) as copy:
        _reproduce(root, copy, commit)
    champion = registry.champion(project.context)
    if champion is None:
        raise ModelError(
            f"The pipeline of commit {commit[:10]} promoted its model there, and does not here.",
            next_step="see above for what its gate says",
        )
    if champion.digest != digest:
        log("it is not that commit's model byte for byte: other data or libraries made it again")
    return f"version {champion.version} is champion: the model of commit {commit[:10]}"


def promoted(root: Path, revision: str) -> tuple[str, str] | None:
    """Return the newest commit up to a revision whose verdict promotes, and the model's digest, if there is one.

    Raises:
        ConfigurationError: There is no such revision.
    """
    if _is_before_the_first(root, revision):
        return None
    commit = git.commit(root, revision)
    for each in (git.output(root, "log", "--format=%H", commit, "--", VERDICT) or "").split():
        verdict = _verdict(root, each)
        if verdict.get("decision") == "promote":
            return each, str(verdict.get("model"))
    return None


def _is_before_the_first(root: Path, revision: str) -> bool:
    parent = revision.endswith("^") and git.find_commit(root, revision) is None
    return parent and git.find_commit(root, revision[:-1]) is not None


def _verdict(root: Path, commit: str) -> dict[str, Any]:
    """Return the verdict of a commit; nothing if it has none that can be read."""
    try:
        content = json.loads(git.content(root, commit, VERDICT) or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _shallow(root: Path) -> str:
    shallow = (git.output(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    return "; this clone holds the newest commits alone: fetch them all" if shallow else ""


@contextmanager
def _checked_out(root: Path, commit: str) -> Iterator[Path]:
    """Give the project's folder as it was at a commit, with the project's own settings and cache of DVC.

    Raises:
        ModelError: git cannot check it out.
    """
    copy = root / COPY
    _remove(root, copy)
    if git.output(root, "worktree", "add", "--quiet", "--detach", str(copy), commit) is None:
        raise ModelError(
            f"git cannot check out commit {commit[:10]}.",
            where=str(copy),
            next_step="`git worktree add` with it in a folder of your own says why",
        )
    try:
        # In a repository of several projects, this one is below its top.
        folder = copy / (git.output(root, "rev-parse", "--show-prefix") or "").strip()
        _share_settings(root, folder)
        yield folder
    finally:
        _remove(root, copy)


def _remove(root: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    git.output(root, "worktree", "prune")


def _share_settings(root: Path, folder: Path) -> None:
    """Let DVC in the folder have the project's cache, and its remotes of today."""
    from dvc.repo import Repo

    ours = Repo(str(root))
    with Repo(str(folder)).config.edit("local") as settings:
        settings.update({name: ours.config[name] for name in ("core", "remote")})
        settings["cache"] = {"dir": ours.cache.local_cache_dir}


def _reproduce(root: Path, folder: Path, commit: str) -> None:
    """Run the pipeline in a folder, by that folder's code and libraries.

    Raises:
        ModelError: It failed.
    """
    from dvc.repo import Repo

    if Repo(str(folder)).config["core"].get("remote"):
        dvc.run(folder, "pull", "--quiet")  # what it lacks is made again
    lock = folder / LOCK
    same = not lock.exists() or files.digest(lock) == files.digest(root / LOCK)
    uv = None if same else os.environ.get("UV") or shutil.which("uv")
    code = dvc.run(folder, "repro", uv=uv, PYTHONPATH=str(folder / "src"))
    if code:
        raise ModelError(
            f"The pipeline of commit {commit[:10]} failed: dvc repro exited with {code}.",
            next_step="see above for the stage that failed",
        )
