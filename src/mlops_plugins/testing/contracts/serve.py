"""Serve: it listens where it should, predicts as the model does, and logs it, until it is stopped."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.formats import SERVE
from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import prediction_log, tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.manager import formats
from mlops_plugins.testing.artefacts import provide
from mlops_plugins.testing.contracts.compare import same
from mlops_plugins.testing.failure import ConformanceError, described, done, require
from mlops_plugins.testing.processes import start
from mlops_plugins.testing.sandbox import Sandbox, content, difference
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

HOST = "127.0.0.1"
LOG = "log"
VERSION = "1"
ANSWERED = ("prediction", "score")
POSTED = "one raw row was sent to POST /predict"
ANSWER = (
    """{"predictions": [{"prediction": ..., "score": ...}]}, or a method `request` of its own"""
)
DEADLINE = 90
"""Seconds to wait for a process on a busy machine."""

POLL = 0.05


@contextmanager
def _serving(subject: Subject, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Give the process that serves a model of flights, when it listens, and its port."""
    sandbox, port = Sandbox.make(folder, subject, plain()), _free_port()
    model = provide(sandbox.case, MODEL)
    process = start(("serve", str(folder), str(model), str(folder / LOG), str(port)), folder=folder)
    try:
        _connect(process, port)
        yield process, port
    finally:
        process.kill()
        process.wait()


def _stops(interruption: signal.Signals, subject: Subject, folder: Path) -> None:
    """It accepts a connection, and ends at a signal without a traceback; the model stays as it is."""
    model = provide(plain(), MODEL)
    before = content(model)
    with _serving(subject, folder) as (process, _):
        said = _stopped(process, interruption)
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


def _stopped(process: subprocess.Popen[str], interruption: signal.Signals) -> str:
    """End the service by a signal, and return what it said."""
    process.send_signal(interruption)
    try:
        return process.communicate(timeout=DEADLINE)[1]
    except subprocess.TimeoutExpired:
        raise ConformanceError(
            f"{interruption.name} was sent to the service",
            expected="an end",
            found=f"a process that still runs after {DEADLINE} s",
        ) from None


def answers_and_logs(subject: Subject, folder: Path) -> None:
    """It predicts what the model folder itself does, and leaves a record that monitoring can read."""
    row, expected = _row_and_prediction()
    with _serving(subject, folder) as (process, port):
        _agrees(_answer(subject, port, row), expected, "it was sent one raw row")
        # A service may write the log when it ends.
        _stopped(process, signal.SIGTERM)
    did = "its prediction log was read after one request"
    whose, log = str(subject.offer), folder / LOG
    done(did, lambda: formats.check(SERVE, "log", log, whose))
    records: list[prediction_log.Record] = []
    done(did, lambda: records.extend(prediction_log.records(log)))
    require(len(records) == 1, did, expected="one record", found=f"{len(records)} records")
    logged, own = records[0]
    _agrees(own, expected, did)
    absent = [name for name in row if name not in logged]
    require(
        not absent and own["version"] == VERSION,
        did,
        expected=f"the raw row, and version {VERSION}",
        found=f"version {own['version']}, without {', '.join(absent) or 'nothing'}",
    )


def _row_and_prediction() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a raw row as JSON has it, and what the model folder predicts of it."""
    model = open_model(provide(plain(), MODEL))
    rows = tables.read_frame(provide(plain(), "data/splits") / "test.parquet")
    columns = [*model.schema.inputs, str(plain().data.id)]
    full = rows[columns].dropna().iloc[[0]]
    row: dict[str, Any] = json.loads(full.to_json(orient="records", date_format="iso"))[0]
    predicted = json.loads(model.predict(full).to_json(orient="records", double_precision=15))[0]
    return row, predicted


def _answer(subject: Subject, port: int, row: Mapping[str, Any]) -> Any:
    """Send a row to the service, in its own protocol if it has one, and return the answer."""
    made: list[Any] = []
    implementation = subject.make()
    request = getattr(implementation, "request", _post)
    done("it was sent one raw row", lambda: made.append(request(host=HOST, port=port, row=row)))
    return made[0]


def _post(*, host: str, port: int, row: Mapping[str, Any]) -> Any:
    """Send a row to `/predict`; return the only one of the answer's `predictions`."""
    connection = http.client.HTTPConnection(host, port, timeout=DEADLINE)
    try:
        body = json.dumps(row)
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read().decode("utf-8")
        (prediction,) = json.loads(said)["predictions"]
    except (OSError, http.client.HTTPException) as error:
        raise ConformanceError(POSTED, expected=ANSWER, found=described(error)) from None
    except (ValueError, TypeError, KeyError):
        raise ConformanceError(
            POSTED, expected=ANSWER, found=f"status {answer.status}: {said}"
        ) from None
    finally:
        connection.close()
    return prediction


def _agrees(answer: Any, expected: Mapping[str, Any], did: str) -> None:
    """The prediction and the score are those of the model folder."""
    given = {key: answer[key] for key in ANSWERED if isinstance(answer, dict) and key in answer}
    require(
        given.keys() == set(ANSWERED) and all(same(given[key], expected[key]) for key in ANSWERED),
        did,
        expected=f"what the model folder predicts: { {key: expected[key] for key in ANSWERED} }",
        found=given or answer,
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
    "answers a row, and logs it": answers_and_logs,
    "listens, and ends at SIGTERM": partial(_stops, signal.SIGTERM),
    "listens, and ends at SIGINT": partial(_stops, signal.SIGINT),
}
