"""Tracking holds when processes start at once, and a project does without MLflow."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import mlflow
import pytest

from mlops_plugins import ConfigurationError
from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.contracts.track import Result
from mlops_plugins.stages.track.mlflow import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.projects import Project

PROCESSES = 8

REGISTER = "folder"
"""The implementation of register that a project without MLflow chooses."""

WORKER = """\
import fcntl, json, sys, traceback
from pathlib import Path

import mlflow

from mlops_plugins.stages.track.mlflow import Tracker
from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.contracts.track import Result

for line in sys.stdin:
    root, digest, number, gate = json.loads(line)
    reports = [Path(root) / "reports" / f"{number}-{place}.json" for place in range(10)]
    for report in reports:
        report.parent.mkdir(exist_ok=True)
        report.write_text("{}")
    context = Context(
        root=Path(root),
        project="eight",
        data=Data(task="binary", target="y"),
        seed=0,
        threads=1,
        log=lambda text: None,
    )
    result = Result(
        digest=digest,
        name=digest,
        params={f"option {place}": place for place in range(100)},
        metrics={"loss": 0.5},
        tags={"made.by": "tests"},
        files=tuple(reports),
    )
    print("ready", flush=True)
    with open(gate) as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)  # until the gate is opened
    try:
        Tracker().track(context, result=result, output=Path(root) / f"run-{number}.json")
        said = "done"
    except BaseException:
        said = json.dumps(traceback.format_exc())
    print(said, flush=True)
"""


class Eight:
    """Processes that have imported MLflow, and track a result each, all at one moment."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def track(self, root: Path, digests: list[str]) -> None:
        """Let each process track one result in the same folder."""
        gate = root.parent / f"{root.name}.gate"
        with gate.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            for number, (process, digest) in enumerate(zip(self._processes, digests, strict=True)):
                self._write(process, [str(root), digest, number, str(gate)])
            assert [self._read(process) for process in self._processes] == ["ready"] * PROCESSES
        assert [self._read(process) for process in self._processes] == ["done"] * PROCESSES

    def _write(self, process: subprocess.Popen[str], order: list[Any]) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()

    def _read(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()


@pytest.fixture(scope="module")
def eight() -> Iterator[Eight]:
    command = [sys.executable, "-c", WORKER]
    with started(command) as processes:
        yield Eight(processes)


@contextmanager
def started(command: list[str]) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()  # its work ends with its input
        for process in processes:
            process.wait()


def runs(root: Path) -> Counter[tuple[str, str]]:
    """Count the runs by digest and status, those that were begun and left too."""
    store = f"sqlite:///{root / 'mlflow.db'}"
    client = mlflow.MlflowClient(store, store)
    (experiment,) = [each for each in client.search_experiments() if each.name == "eight"]
    found = client.search_runs([experiment.experiment_id])
    for run in found:
        assert run.data.metrics == {"loss": 0.5}
        assert len(run.data.params) == 100
        assert run.data.tags["made.by"] == "tests"
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["reports"]
    return Counter((run.data.tags["mlops.digest"], run.info.status) for run in found)


@pytest.mark.slow
def test_eight_processes_start_tracking_at_once_on_an_empty_folder(
    eight: Eight, tmp_path: Path
) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    first = [f"first-{number}" for number in range(PROCESSES)]
    then = [f"then-{number}" for number in range(PROCESSES)]

    eight.track(root, first)
    assert runs(root) == {(digest, "FINISHED"): 1 for digest in first}
    assert {json.loads(path.read_text())["digest"] for path in root.glob("run-*.json")} == {*first}

    eight.track(root, then)
    assert runs(root) == {(digest, "FINISHED"): 1 for digest in [*first, *then]}


@pytest.mark.slow
def test_the_same_result_eight_times_at_once_is_one_run(eight: Eight, tmp_path: Path) -> None:
    root = tmp_path / "same"
    root.mkdir()

    # Later rounds meet closer: a process waits for the first use of the database no more.
    rounds = [f"round-{number}" for number in range(4)]
    for digest in rounds:
        eight.track(root, [digest] * PROCESSES)

    assert runs(root) == {(digest, "FINISHED"): 1 for digest in rounds}
    written = {path.read_text() for path in root.glob("run-*.json")}
    assert len(written) == 1


def track_alone(root: Path) -> None:
    """Track one result in this process."""
    Tracker().track(
        Context(
            root=root,
            project="eight",
            data=Data(task="binary", target="y"),
            seed=0,
            threads=1,
            log=lambda text: None,
        ),
        result=Result(digest="d", name="n", params={}, metrics={}, tags={}, files=()),
        output=root / "run.json",
    )


def test_what_this_process_starts_later_looks_in_its_own_project(tmp_path: Path) -> None:
    track_alone(tmp_path)
    assert not {"MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"} & os.environ.keys()


def test_a_deleted_experiment_is_reported(tmp_path: Path) -> None:
    track_alone(tmp_path)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (experiment,) = [each for each in client.search_experiments() if each.name == "eight"]
    client.delete_experiment(experiment.experiment_id)

    with pytest.raises(ConfigurationError, match="The experiment 'eight' is deleted") as caught:
        track_alone(tmp_path)
    assert f"restore --experiment-id {experiment.experiment_id}" in str(caught.value)

    client.restore_experiment(experiment.experiment_id)
    track_alone(tmp_path)


def test_a_server_that_does_not_answer_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else answers there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://somebody:secret@{address}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(ConfigurationError, match="server does not answer") as caught:
            track_alone(tmp_path)
    assert caught.value.where == f"MLFLOW_TRACKING_URI: http://{address}"
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def hide_mlflow(project: Project) -> None:
    """Let the project's environment be one in which MLflow is not installed."""
    (packages,) = (project.root / ".venv" / "lib").glob("python3*/site-packages")
    (packages / "no_mlflow.py").write_text(
        "import sys\n\n\n"
        "class NoMlflow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'mlflow':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n\n\n"
        "sys.meta_path.insert(0, NoMlflow())\n"
    )
    (packages / "no_mlflow.pth").write_text("import no_mlflow\n")
    assert project.run("python", "-c", "import mlflow", check=False).returncode == 1


@pytest.mark.slow
def test_without_mlflow_the_whole_pipeline_runs(project: Project) -> None:
    hide_mlflow(project)
    project.edit("conf/config.yaml", "- track: mlflow", "- track: none")
    project.edit("conf/config.yaml", "- register: mlflow", f"- register: {REGISTER}")
    (project.root / "mlflow.db").unlink()
    for made in ("verdict", "run", "registration"):
        (project.root / f"reports/{made}.json").unlink()

    project.mlops("run", "--all")

    tracked = json.loads(project.read("reports/run.json"))
    assert len(tracked["digest"]) == 64
    assert json.loads(project.read("reports/verdict.json"))["decision"] == "promote"
    assert (project.root / "reports/registration.json").exists()
    assert not (project.root / "mlflow.db").exists()


@pytest.mark.slow
def test_without_mlflow_its_tracker_says_what_to_install(project: Project) -> None:
    hide_mlflow(project)
    done = project.mlops("run", "track", check=False)
    assert done.returncode == 3
    assert "error: track/mlflow of mlops-plugins" in done.stderr
    assert "needs 'mlflow', which cannot be imported" in done.stderr
    assert "next:     uv add 'mlops-plugins[mlflow]'" in done.stderr
    assert "Traceback" not in done.stderr
