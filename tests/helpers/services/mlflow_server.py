"""A tracking server of MLflow's: `mlflow server` over SQLite and a folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 120
"""Seconds to wait for the first answer; it imports for some of them."""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Give a server of its own; return its address."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    where = ["--host=127.0.0.1", f"--port={port}", "--workers=1"]
    database = f"--backend-store-uri=sqlite:///{folder / 'server.db'}"
    artifacts = f"--artifacts-destination={folder / 'artifacts'}"
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *where, database, artifacts],
            env={**os.environ, **quiet, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"{address}/health", process, folder / "log")
        yield address
    finally:
        # Its workers are processes of its group.
        os.killpg(process.pid, 15)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
        except (OSError, urllib.error.URLError):
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.1)
