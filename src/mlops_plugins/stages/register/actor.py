"""The actor: who changes the champion, for the history."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

from mlops_plugins.artifacts import git

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
    return (git.output(root, "config", "user.email") or "").strip() or _login()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"user {os.getuid()}"
