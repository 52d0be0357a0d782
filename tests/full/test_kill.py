"""`kill -9` at any moment of `dvc repro`: the next run completes, with the same bytes as ever."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from mlops_plugins.artifacts import files
from tests.helpers.load import repeated
from tests.helpers.projects import ROOT, UNMEASURED, Project, begin, git, ran, render, shorten
from tests.helpers.refusals import contents

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

KILLS = repeated(4, full=50)
IN_A_ROW = repeated(3, full=25)
"""Kills before a run may complete: each but the first interrupts the recovery from the one before."""

COMPARED = ("params.yaml", "schema.yaml", "dvc.lock")
"""Files that a run writes beside the outputs of stages."""

REPAIR = "rm -f dvc.lock .dvc/tmp/rwlock; find .dvc/cache/runs -type d -empty -delete"
"""What the documentation tells to do where DVC was killed while it wrote a file of its own."""

JUDGED = {
    "dvc.lock",
    "reports/verdict.json",
    "reports/report/model-card.md",
    "reports/report/report.html",
    "reports/registration.json",
}
"""Files that tell of a champion that may be this model itself, where the gate has run twice."""


@pytest.fixture(scope="module")
def shortest(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = begin(render(template, tmp_path_factory.mktemp("kill") / "late"))
    shorten(made)
    made.edit("conf/ingest/sample.yaml", "since: '2013-06-20'", "since: '2013-06-29'")
    made.edit("conf/train/sklearn.yaml", "max_iter: 40", "max_iter: 5")
    made.edit("conf/explain/permutation.yaml", "rows: 500", "rows: 100")
    # Five trees on two days are no good model, and are to be promoted all the same.
    made.edit("conf/gate/champion.yaml", "linear_tolerance: 0.02", "linear_tolerance: null")
    made.edit("conf/gate/champion.yaml", "error: 0.15", "error: null")
    made.commit("Learn from two days")
    return made


def anew(project: Project) -> None:
    """Bring the project back to what is committed: no output, cache, lock or store is left."""
    git(project.root, "clean", "-xdff", "--quiet", "--exclude=.venv")
    git(project.root, "reset", "--hard", "--quiet")


def start(project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["python", "-m", "dvc", "repro"],
        cwd=project.root,
        env={**project.environment, **UNMEASURED, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def undisturbed(project: Project) -> tuple[list[str], list[float]]:
    """Run to the end; return the stages, with the time before the first, and how long each took."""
    stages, moments, said = [""], [time.monotonic()], []
    process = start(project)
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if stage := stage_of(line):
            stages.append(stage)
            moments.append(time.monotonic())
    assert process.wait() == 0, "".join(said)
    return stages, [after - before for before, after in pairwise([*moments, time.monotonic()])]


def stage_of(line: str) -> str:
    """Return the stage that a line says is started, or nothing."""
    return "".join(ran(line))


def killed(project: Project, stages: list[str], stage: int, seconds: float) -> bool:
    """Kill a run so long after it began with the stage, or a later one; return whether it was alive."""
    process = start(project)
    assert process.stdout is not None
    with process.stdout:
        if stages[stage]:
            for line in process.stdout:
                if stage_of(line) in stages[stage:]:
                    break
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def complete(project: Project) -> bool:
    """Run what is missing; return whether files of DVC's own had to be repaired."""
    if project.dvc("repro", check=False).returncode == 0:
        return False
    project.run("bash", "-c", REPAIR)
    project.dvc("repro")
    return True


def outcome(project: Project) -> dict[str, bytes]:
    return contents(project.root) | contents(project.root, COMPARED)


def store(project: Project) -> dict[str, list[str]]:
    """Return the digests of the finished runs, and of the versions, that MLflow has."""
    code = """\
import json, sys
import mlflow
client = mlflow.MlflowClient("sqlite:///mlflow.db", "sqlite:///mlflow.db")
found = [e.experiment_id for e in client.search_experiments()]
runs = client.search_runs(found)
json.dump({
    "finished": [r.data.tags.get("mlops.digest") for r in runs if r.info.status == "FINISHED"],
    "unfinished": [r.info.run_id for r in runs if r.info.status == "RUNNING"],
    "versions": [v.tags["mlops.digest"] for v in client.search_model_versions("name = 'late'")],
    "with a run": [v.run_id in [r.info.run_id for r in runs if r.info.status == "FINISHED"]
                   for v in client.search_model_versions("name = 'late'")],
    "history": [v.tags["mlops.to"] for v in client.search_model_versions("name = 'late.history'")],
    "champion": [str(client.get_model_version_by_alias("late", "champion").version)],
}, sys.stdout)
"""
    found: dict[str, list[str]] = json.loads(project.run("python", "-c", code).stdout)
    return found


def test_a_run_that_was_killed_at_any_moment_is_completed_by_the_next(shortest: Project) -> None:
    project = shortest
    anew(project)
    stages, took = undisturbed(project)
    expected = outcome(project)
    assert len(stages) > 10
    assert expected.keys() >= {
        "models/model/manifest.json",
        "reports/registration.json",
        "dvc.lock",
    }
    begins = [sum(took[:place]) for place in range(len(took))]
    generator = random.Random(20130630)  # noqa: S311
    left = [generator.uniform(0, sum(took)) for _ in range(KILLS)]
    done = 0
    while done < KILLS:
        anew(project)
        row, left = sorted(left[:IN_A_ROW]), left[IN_A_ROW:]
        for moment in row:
            stage = bisect_right(begins, moment) - 1
            if killed(project, stages, stage, moment - begins[stage]):
                done += 1
            else:  # the recovery was quicker than the first run, and over
                left.append(generator.uniform(0, sum(took)))
        judged_again = complete(project)
        after = outcome(project)
        assert after.keys() == expected.keys()
        different = {name for name in after if after[name] != expected[name]}
        assert different <= (JUDGED if judged_again else set())
        tracked = files.read_json(project.root / "reports/run.json")["digest"]
        model = files.digest(project.root / "models/model")
        found = store(project)
        assert found["finished"] == [tracked]
        assert found["versions"] == [model]
        assert found["with a run"] == [True]
        assert found["history"] == found["champion"] == ["1"]
        assert found["unfinished"] == []
        assert project.repro() == []


def test_what_a_kill_leaves_of_dvcs_own_files_is_repaired_as_documented(project: Project) -> None:
    assert REPAIR in (ROOT / "docs/explanation/how-it-works.md").read_text()
    before = outcome(project)
    (project.root / "dvc.lock").write_bytes(b"")
    runs = [
        each
        for each in (project.root / ".dvc/cache/runs").glob("*/*/*")
        if "run explain" in each.read_text()
    ]
    for run in runs:
        run.unlink()
    assert "dvc.lock" in project.dvc("repro", check=False).stderr
    (project.root / "dvc.lock").unlink()
    assert "failed to reproduce 'explain'" in project.dvc("repro", check=False).stderr

    assert complete(project)
    after = outcome(project)
    assert {name for name in after if after[name] != before[name]} <= JUDGED
    assert store(project)["champion"] == ["1"]
    assert project.repro() == []
