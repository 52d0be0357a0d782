"""What was found: the model is trained with it, the tracker shows each trial, and none changes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins import MlopsError, Stage
from mlops_plugins.api.contracts.track import Result
from mlops_plugins.api.contracts.tune import Trial
from mlops_plugins.api.paths import BEST, MODEL, TRIALS, TUNING
from mlops_plugins.artifacts import files
from mlops_plugins.config import tuned_options
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.executor import run_stage
from mlops_plugins.runtime.result import collect
from mlops_plugins.stages.track.mlflow import Tracker
from mlops_plugins.testing.artefacts import provide
from mlops_plugins.testing.sandbox import Sandbox, copy
from mlops_plugins.testing.subject import Subject
from mlops_plugins.testing.tables import plain
from tests.helpers.projects import ROOT
from tests.helpers.tuning import context

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

FOUND = {"learning_rate": 0.05, "max_leaf_nodes": 5}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A project whose trainer is to be run."""
    subject = Subject(
        plugin_manager().find(Stage.TRAIN, "sklearn"), {"max_iter": 8, "max_leaf_nodes": 9}
    )
    return Sandbox.make(tmp_path, subject, plain())


def train(sandbox: Sandbox, **params: Any) -> list[str]:
    """Run `mlops run train`; return what it said."""
    said: list[str] = []
    files.write_json(sandbox.root / "params.yaml", {**sandbox.tree, **params})
    run_stage(sandbox.root, Stage.TRAIN, said.append)
    return said


def options(sandbox: Sandbox) -> dict[str, Any]:
    """Return the options that the model says it was trained with."""
    made: dict[str, Any] = files.read_json(sandbox.root / MODEL / "manifest.json")["options"]
    return made


def test_the_model_is_trained_with_what_was_found(sandbox: Sandbox) -> None:
    files.write_json(sandbox.root / BEST, {"train": "sklearn", "options": FOUND})

    said = train(sandbox)

    assert "train/sklearn with 2 tuned options: learning_rate=0.05, max_leaf_nodes=5" in said
    tuned_options = options(sandbox)
    assert tuned_options.items() >= {**FOUND, "max_iter": 8}.items()
    digest = files.digest(sandbox.root / MODEL)
    (sandbox.root / BEST).unlink()
    train(sandbox, train={"name": "sklearn", "max_iter": 8, **FOUND})
    assert options(sandbox) == tuned_options
    assert files.digest(sandbox.root / MODEL) == digest


def test_none_writes_one_file_and_changes_no_byte_of_the_model(sandbox: Sandbox) -> None:
    (sandbox.root / BEST).unlink()
    train(sandbox)
    before = files.digest(sandbox.root / MODEL)

    copy(provide(sandbox.case, "data/splits"), sandbox.root / "data/splits")
    run_stage(sandbox.root, Stage.TUNE, lambda _: None)
    said = train(sandbox)

    assert [item.name for item in (sandbox.root / TUNING).iterdir()] == ["best.json"]
    assert files.read_json(sandbox.root / BEST) == {"train": "sklearn", "options": {}}
    assert not any("tuned" in line for line in said)
    assert files.digest(sandbox.root / MODEL) == before


@pytest.mark.parametrize(
    ("best", "params", "what", "next_step"),
    [
        (
            {"train": "xgboost", "options": {"max_depth": 3}},
            {},
            "The options that were found are for train/xgboost, and train/sklearn is chosen.",
            "dvc repro",
        ),
        (None, {"tune": {"name": "optuna"}}, "tune/optuna is chosen, and has not run.", "copier"),
        (
            {"train": "sklearn", "options": {"max_leaf_node": 3}},
            {},
            "There is no option 'max_leaf_node'. Did you mean 'max_leaf_nodes'?",
            "run tune",
        ),
        ({"train": "sklearn"}, {}, "What the tuner wrote cannot be read: KeyError", "run tune"),
        (["sklearn"], {}, "What the tuner wrote cannot be read: TypeError", "run tune"),
    ],
)
def test_what_was_found_and_does_not_fit_is_told(
    best: Any, params: dict[str, Any], what: str, next_step: str, sandbox: Sandbox
) -> None:
    train(sandbox)
    before = files.digest(sandbox.root / MODEL)
    (sandbox.root / BEST).unlink()
    if best is not None:
        files.write_json(sandbox.root / BEST, best)

    with pytest.raises(MlopsError) as caught:
        train(sandbox, **params)

    assert what in str(caught.value)
    assert next_step in caught.value.next_step
    assert files.digest(sandbox.root / MODEL) == before


def test_the_result_has_the_trials_and_the_options_that_trained(tmp_path: Path) -> None:
    subject = Subject(plugin_manager().find(Stage.TRACK, "none"))
    sandbox = Sandbox.make(tmp_path, subject, plain())
    untuned = collect(sandbox.context, sandbox.params)
    assert (untuned.tuned_by, untuned.trials) == ("", ())

    trials = [vars(trial) for trial in TRIED]
    files.write_json(tmp_path / BEST, {"train": "sklearn", "options": FOUND})
    files.write_json(tmp_path / TRIALS, {"metric": "roc_auc", "trials": trials})
    result = collect(sandbox.context, sandbox.params)

    assert (result.tuned_by, result.trials) == ("roc_auc", TRIED)
    assert result.params["train.learning_rate"] == 0.05
    assert tmp_path / TRIALS in result.files
    files.write_json(tmp_path / TRIALS, {"trials": []})
    with pytest.raises(MlopsError, match="What the tuner wrote cannot be read"):
        tuned_options.trials(tmp_path)


TRIED = (
    Trial(number=0, state="complete", options={"depth": 3}, value=0.75, folds=(0.5, 1.0)),
    Trial(number=1, state="pruned", options={"depth": 9}, value=0.25, folds=(0.25,)),
    Trial(number=2, state="failed", options={"depth": 0}, reason="ValueError: no depth"),
)

RESULT = Result(
    digest="d" * 64,
    name="sklearn-ddddddd",
    params={"train.depth": 3},
    metrics={"roc_auc": 0.7},
    tags={},
    files=(),
    tuned_by="roc_auc",
    trials=TRIED,
)

KILLED = """\
import os, signal, sys
from pathlib import Path
from mlflow import MlflowClient
from tests.stages.tune.test_pipeline import RESULT
from mlops_plugins.stages.track.mlflow import Tracker
from tests.helpers.tuning import context

root, moment, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
method, calls = getattr(MlflowClient, moment), []

def dying(self, *arguments, **keywords):
    made = method(self, *arguments, **keywords)
    calls.append(arguments)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return made

setattr(MlflowClient, moment, dying)
Tracker().track(context(root), result=RESULT, output=root / "run.json")
"""


def runs(root: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    found = [each.experiment_id for each in client.search_experiments()]
    return sorted(client.search_runs(found), key=lambda run: run.data.tags.get("mlops.trial", ""))


def histories(root: Path, run: Any) -> list[tuple[float, int]]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    return [(m.value, m.step) for m in client.get_metric_history(run.info.run_id, "fold.roc_auc")]


@pytest.mark.slow
def test_each_trial_is_a_run_below_the_results_once_also_after_a_kill(tmp_path: Path) -> None:
    # After the parent and one trial are made; in the middle of a trial; before the parent's end.
    for moment, count in (("create_run", 2), ("log_batch", 3), ("set_terminated", 3)):
        command = [sys.executable, "-c", KILLED, str(tmp_path), moment, str(count)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
    for _ in range(2):
        Tracker().track(context(tmp_path), result=RESULT, output=tmp_path / "run.json")

    parent, *children = runs(tmp_path)

    assert parent.info.status == "FINISHED"
    assert parent.data.metrics == {"roc_auc": 0.7}
    assert [run.data.tags["mlops.trial"] for run in children] == ["0", "1", "2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert [run.info.status for run in children] == ["FINISHED", "KILLED", "FAILED"]
    assert [run.data.params["train.depth"] for run in children] == ["3", "9", "0"]
    assert children[0].data.metrics == {"roc_auc": 0.75, "fold.roc_auc": 1.0}
    assert "roc_auc" not in children[1].data.metrics
    assert histories(tmp_path, children[0]) == [(0.5, 0), (1.0, 1)]
    assert children[2].data.tags["mlops.reason"] == "ValueError: no depth"


@pytest.mark.slow
def test_the_same_trials_of_another_result_are_runs_of_their_own(tmp_path: Path) -> None:
    for digest in ("d", "e"):
        result = replace(RESULT, digest=digest * 64)
        Tracker().track(context(tmp_path), result=result, output=tmp_path / "run.json")

    parents = [run for run in runs(tmp_path) if "mlops.trial" not in run.data.tags]
    below = [run.data.tags.get("mlflow.parentRunId") for run in runs(tmp_path)]
    assert [below.count(parent.info.run_id) for parent in parents] == [3, 3]


@pytest.mark.slow
def test_a_word_and_dvc_repro_tune_a_project(project: Project) -> None:
    untuned = project.read("dvc.lock")
    project.edit("conf/config.yaml", "  - tune: none\n", "  - tune: optuna\n")
    yaml = project.mlops("plugins", "show", "tune/optuna", "--yaml").stdout
    space = "space:\n  max_leaf_nodes: {low: 4, high: 9}\n"
    project.write("conf/tune/optuna.yaml", re.sub(r"(?m)^space: .*\n", space, yaml))
    project.edit("conf/tune/optuna.yaml", "trials: 30", "trials: 2")

    done = project.dvc("repro")

    assert "Running stage 'tune'" in done.stdout
    assert "trial 1: roc_auc" in done.stderr + done.stdout
    (found,) = files.read_json(project.root / BEST)["options"].items()
    manifest = files.read_json(project.root / MODEL / "manifest.json")
    assert found[0] == "max_leaf_nodes"
    assert found in manifest["options"].items()
    children = [run for run in runs(project.root) if "mlops.trial" in run.data.tags]
    assert [run.data.tags["mlops.trial"] for run in children] == ["0", "1"]
    assert project.repro() == []

    # A search that finds the same changes nothing that follows, but the report of what ran.
    project.edit("conf/tune/optuna.yaml", "pruner: median", "pruner: none")
    assert project.repro() == ["tune", "report"]
    project.edit("conf/config.yaml", "  - tune: optuna\n", "  - tune: none\n")
    project.dvc("repro", "evaluate", "explain")
    assert without_stores(project.read("dvc.lock")) == without_stores(untuned)


def without_stores(lock: str) -> dict[str, Any]:
    """Return what DVC says of the stages that it may restore; the gate asks who is champion."""
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(lock)["stages"]
    return {name: stages[name] for name in ("tune", "train", "evaluate", "explain")}
