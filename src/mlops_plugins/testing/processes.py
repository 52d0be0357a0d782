"""Starting processes that share nothing with this one but the installed code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from mlops_plugins.testing.failure import ConformanceError

if TYPE_CHECKING:
    from pathlib import Path

Action = tuple[str, ...]
"""The name of a function of `mlops_plugins.testing.fresh`, and its arguments."""


def start(*actions: Action, folder: Path, hash_seed: int = 1) -> subprocess.Popen[str]:
    """Start a process that does these, in `folder`."""
    environment = os.environ | {
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_plugins.testing.fresh", json.dumps(actions)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], did: str, *, code: int = 0) -> None:
    """Wait for its end.

    Raises:
        ConformanceError: It ended with another code.
    """
    _, said = process.communicate()
    if process.returncode != code:
        raise ConformanceError(
            did,
            expected=f"a process that ends with {code}",
            found=f"{process.returncode}, after it said:\n{said[-1500:]}",
        )
