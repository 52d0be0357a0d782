"""DVC as a process: its stages are commands, and its locks are those of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOT_OF_ANOTHER_PROJECT = ("UV_LOCKED", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV")
"""Variables that are about this process's project and its environment."""


def run(folder: Path, *arguments: str, uv: str | None = None, **variables: str) -> int:
    """Run a command of DVC in a folder, and return its exit code.

    Args:
        folder: The project's folder.
        arguments: The command and its arguments.
        uv: The command of uv, to run it in the environment that the folder's lock describes; None
            for the environment of this process.
        variables: Variables of the environment that it is given beside those of this process.
    """
    # DVC must find `mlops`, although the environment may not be activated.
    scripts = Path(sys.executable).parent
    path = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path} | variables
    command = [sys.executable, "-m", "dvc"]
    if uv is not None:
        command = [uv, "run", "--quiet", "--frozen", "dvc"]
        for name in NOT_OF_ANOTHER_PROJECT:
            environment.pop(name, None)
    done = subprocess.run([*command, *arguments], cwd=folder, env=environment, check=False)
    return done.returncode
