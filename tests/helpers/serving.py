"""A service, started by the command and asked over HTTP."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.projects import Project

DEADLINE = 90
"""Seconds to wait for a server to begin, or to end, on a busy machine."""


@contextmanager
def listening(
    *command: str | Path, folder: Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a service at a free port; give its process, and the address that it says."""
    with subprocess.Popen(
        [*command, "--port", "0"],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        deadline = Timer(DEADLINE, server.kill)
        deadline.start()
        try:
            said = ""
            while not (found := re.search(r"at (http://\S+)", said)):
                line = server.stderr.readline()
                assert line, said
                said += line
            deadline.cancel()
            yield server, found[1]
        finally:
            deadline.cancel()
            server.terminate()


@contextmanager
def serving(project: Project, home: Path) -> Iterator[httpx.Client]:
    """Serve from a folder, by a project's environment; no request may meet with a failure of ours."""
    scripts = project.root / ".venv" / "bin"
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    command = (scripts / "mlops", "--project", home, "serve")
    with (
        listening(*command, folder=home, PATH=path) as (server, address),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        yield http
        server.terminate()
        assert "Traceback" not in server.communicate(timeout=DEADLINE)[1]
