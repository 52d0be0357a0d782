"""Serve: it listens where it is told, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.api.paths import MODEL
from mlops_plugins.testing.artefacts import provide
from mlops_plugins.testing.failure import ConformanceError, require
from mlops_plugins.testing.processes import start
from mlops_plugins.testing.sandbox import Sandbox, content, difference
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

HOST = "127.0.0.1"
DEADLINE = 90
"""Seconds to wait for a process on a busy machine."""

POLL = 0.05


def _stops(interruption: signal.Signals, subject: Subject, folder: Path) -> None:
    """It accepts a connection, and ends at a signal without a traceback; the model stays as it is."""
    sandbox = Sandbox.make(folder, subject, plain())
    model, port = provide(sandbox.case, MODEL), _free_port()
    before = content(model)
    action = ("serve", str(folder), str(model), str(folder / "log"), str(port))
    process = start(action, folder=folder)
    try:
        _connect(process, port)
        process.send_signal(interruption)
        _, said = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        raise ConformanceError(
            f"{interruption.name} was sent to the service",
            expected="an end",
            found=f"a process that still runs after {DEADLINE} s",
        ) from None
    finally:
        process.kill()
        process.wait()
    require(
        "Traceback" not in said,
        f"{interruption.name} was sent to the service",
        expected="an end without a traceback",
        found=said[-1500:],
    )
    after = content(model)
    require(
        before == after,
        "it served a model",
        expected="the model as it was",
        found=difference(before, after),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _connect(process: subprocess.Popen[str], port: int) -> None:
    """Connect as soon as the service listens."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection((HOST, port), timeout=DEADLINE).close()
        except OSError:
            _still_starting(process, port, deadline)
        else:
            return


def _still_starting(process: subprocess.Popen[str], port: int, deadline: float) -> None:
    try:
        process.wait(POLL)
    except subprocess.TimeoutExpired:
        if time.monotonic() < deadline:
            return
        raise ConformanceError(
            f"it served at {HOST}:{port}",
            expected="a service that accepts connections",
            found=f"none after {DEADLINE} s",
        ) from None
    _, said = process.communicate()
    raise ConformanceError(
        f"it served at {HOST}:{port}",
        expected="a service that accepts connections",
        found=f"the process ended with {process.returncode}, after it said:\n{said[-1500:]}",
    )


CHECKS: Mapping[str, Run] = {
    "listens, and ends at SIGTERM": partial(_stops, signal.SIGTERM),
    "listens, and ends at SIGINT": partial(_stops, signal.SIGINT),
}
