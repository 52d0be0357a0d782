"""The actor: who changes the champion, for the history."""

from __future__ import annotations

import getpass
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")


def current_actor(root: Path) -> str:
    """Return who it is: who started the CI job, git's `user.email`, or the login name.

    In a CI job git's address, if there is one, is a robot's.
    """
    for variable in CI_ACTORS:
        if os.environ.get(variable):
            return os.environ[variable]
    return _git_email(root) or _login()


def _git_email(root: Path) -> str:
    command = ["git", "-C", str(root), "config", "user.email"]
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", check=False
        ).stdout.strip()
    except OSError:
        return ""


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"user {os.getuid()}"
