"""A service, started by the command and asked over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.projects import Project

DEADLINE = 90
"""Seconds to wait for a server on a busy machine."""


@contextmanager
def serving(project: Project, home: Path) -> Iterator[httpx.Client]:
    """Serve from a folder, by a project's environment; what the server says is in `server.log`."""
    scripts = project.root / ".venv" / "bin"
    port, log = free_port(), home / "server.log"
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [str(scripts / "mlops"), "--project", str(home), "serve", "--port", str(port)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        ) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        try:
            _wait_until_healthy(http, server, log)
            yield http
        finally:
            server.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(http: httpx.Client, server: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if http.get("/healthz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"no answer after {DEADLINE} s:\n{log.read_text()}")
