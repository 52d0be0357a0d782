"""What the tests of both templates share: putting what is rendered under git, and updating it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import copier

from tests.helpers.projects import Project, git

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new))


def put_under_git(project: Project) -> Project:
    git(project.root, "init", "--quiet", "--initial-branch=main")
    project.commit("Begin from the template")
    return project


def update(project: Project, **answers: object) -> None:
    copier.run_update(
        str(project.root),
        data=answers,
        defaults=True,
        overwrite=True,
        quiet=True,
        skip_answered=True,
        vcs_ref="HEAD",
        unsafe=False,
    )


def assert_clean(project: Project) -> None:
    left = [path.name for path in project.root.rglob("*.rej")]
    assert not left
    marked = subprocess.run(
        ["git", "grep", "-nE", "^(<<<<<<<|>>>>>>>)"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert marked.stdout == ""


def files(project: Project) -> dict[str, str]:
    listed = git(
        project.root, "ls-files", "--cached", "--others", "--exclude-standard"
    ).splitlines()
    return {name: project.read(name) for name in listed if (project.root / name).is_file()}
