"""What git knows of a project: read by its command, as no library reads all that it writes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def output(root: Path, *arguments: str) -> str | None:
    """Return what a git command prints in a folder; None if it fails, or there is no git."""
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def find_commit(root: Path, revision: str) -> str | None:
    """Return the full name of a commit; None if there is no such revision."""
    name = f"{revision}^{{commit}}"
    found = output(root, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return found and found.strip()


def commit(root: Path, revision: str) -> str:
    """Return the full name of a commit.

    Raises:
        ConfigurationError: This is no git repository, or it has no such revision.
    """
    found = find_commit(root, revision)
    if not found:
        raise ConfigurationError(
            f"git knows no revision '{revision}' here.",
            where=str(root),
            expected="a commit, a branch or a tag, such as HEAD~1 or main",
            next_step="git log --oneline",
        )
    return found


def content(root: Path, name: str, path: str) -> str | None:
    """Return a file of the folder as it was at a commit; None if there was none."""
    return output(root, "show", f"{name}:./{path}")
