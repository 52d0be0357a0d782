"""Configuration that is wrong: told with its file and key, and what was composed stays."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from mlops_plugins.api.errors import ExitCode
from tests.helpers.projects import Project, begin, render
from tests.helpers.refusals import assert_refused, assert_told, contents, restore, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIG, TRAIN = "conf/config.yaml", "conf/train/sklearn.yaml"


@pytest.fixture(scope="module")
def composed_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return begin(render(template, tmp_path_factory.mktemp("bad-configuration") / "late"))


@pytest.fixture
def composed(composed_once: Project) -> Iterator[Project]:
    """A project whose pipeline never ran; what a test does to it is undone."""
    before = snapshot(composed_once.root)
    yield composed_once
    restore(composed_once.root, before)


WRONG = {
    "unknown implementation": (
        (CONFIG, "- train: sklearn", "- train: sklern"),
        ["no implementation 'sklern' of train. Did you mean 'sklearn'?", f"{CONFIG}: defaults"],
    ),
    "unknown stage": (
        (CONFIG, "- train: sklearn", "- trian: sklearn"),
        ["no stage 'trian'. Did you mean 'train'?", f"{CONFIG}: defaults: trian"],
    ),
    "no implementation": (
        (CONFIG, "  - train: sklearn\n", ""),
        [
            "No implementation is chosen for the stage 'train'",
            f"{CONFIG}: defaults",
            "add the line",
        ],
    ),
    "unknown option": (
        (TRAIN, "max_iter:", "max_itr:"),
        ["no option 'max_itr'. Did you mean 'max_iter'?", f"{TRAIN}: max_itr", "remove or rename"],
    ),
    "type": (
        (TRAIN, "max_iter: 600", "max_iter: many"),
        ["'max_iter' is 'many'", "valid integer", f"{TRAIN}: max_iter", "number of trees"],
    ),
    "range": (
        (TRAIN, "max_iter: 600", "max_iter: 0"),
        ["'max_iter' is 0", "greater than or equal to 1", f"{TRAIN}: max_iter"],
    ),
    "no value": (
        (TRAIN, "max_iter: 600", "max_iter: ???"),
        ["'max_iter' has no value", f"{TRAIN}: max_iter: ???", "write a value"],
    ),
    "no value where there is no file": (
        (CONFIG, "- ingest: sample", "- ingest: file"),
        ["'path' has no value", f"{CONFIG}: ingest: path", "write a value"],
    ),
    "no name": (
        (TRAIN, "name: sklearn\n", ""),
        ["'train' have no name", TRAIN, "name: NAME"],
    ),
    "no YAML in an option": (
        (TRAIN, "max_iter: 600", "max_iter: [200"),
        ["not valid YAML", f"{TRAIN}: ", "line 22", "correct that line"],
    ),
    "no YAML in config": (
        (CONFIG, "seed: 42", "seed: [42"),
        ["not valid YAML", f"{CONFIG}: ", "correct that line"],
    ),
    "a word for the defaults": (
        (CONFIG, None, "defaults: sklearn\n"),
        ["its defaults are no list", CONFIG, "- stage: name"],
    ),
    "a list for the config": ((CONFIG, None, "- train: sklearn\n"), ["no mapping", CONFIG]),
    "unknown setting": (
        (CONFIG, "seed: 42", "sed: 42"),
        ["no setting 'sed'. Did you mean 'seed'?", f"{CONFIG}: sed", "remove or rename"],
    ),
    "type of a setting": (
        (CONFIG, "seed: 42", "seed: many"),
        ["'seed' is 'many'", f"{CONFIG}: seed", "int"],
    ),
    "a project's name with a slash": (
        (CONFIG, 'project: "late"', 'project: "team/late"'),
        ["'project' is 'team/late'", f"{CONFIG}: project", "letters, digits"],
    ),
    "a project's name with a quote": (
        (CONFIG, 'project: "late"', 'project: "it\'s late"'),
        ["'project' is \"it's late\"", f"{CONFIG}: project", "letters, digits"],
    ),
    "a log that is kept for less than the window": (
        (CONFIG, "window_days: null\n  keep_days: null", "window_days: 7\n  keep_days: 3"),
        ["'prediction_log.keep_days' is 3", f"{CONFIG}: prediction_log", "at least window_days"],
    ),
    "unknown task": (
        (CONFIG, "task: binary", "task: binry"),
        ["'data.task' is 'binry'", f"{CONFIG}: data.task", "one of binary, multiclass, regression"],
    ),
}


@pytest.mark.parametrize(("edit", "parts"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_conf_is_told_with_its_file_and_key(
    composed: Project, edit: tuple[str, str | None, str], parts: list[str]
) -> None:
    name, old, new = edit
    if old is None:
        composed.write(name, new)
    else:
        composed.edit(name, old, new)
    before = composed.read("params.yaml")
    assert_refused(composed.mlops("compose", check=False), ExitCode.CONFIGURATION, *parts)
    assert composed.read("params.yaml") == before


@pytest.mark.parametrize("text", ["", "- a\n", "a: [1\n"])
@pytest.mark.parametrize("command", [["compose"], ["run", "ingest"]])
def test_a_broken_params_file_is_told_with_the_way_out(
    composed: Project, text: str, command: list[str]
) -> None:
    composed.write("params.yaml", text)
    done = composed.mlops(*command, check=False)
    assert_refused(done, ExitCode.CONFIGURATION, "params.yaml", "rm params.yaml && mlops compose")


def test_params_that_are_missing_are_not_current(composed: Project) -> None:
    (composed.root / "params.yaml").unlink()
    done = composed.mlops("compose", "--check", check=False)
    assert_refused(done, ExitCode.CONFIGURATION, "not what conf/ composes to", "dvc repro")


def test_dvc_lists_the_choices_for_an_unknown_implementation(composed: Project) -> None:
    """DVC composes before it calls us, so the words are Hydra's."""
    before = composed.read("params.yaml")
    done = composed.dvc("exp", "run", "-S", "train=sklern", check=False)
    assert done.returncode != 0
    assert_told(done, "Could not find 'train/sklern'", "Available options in 'train'", "sklearn")
    assert composed.read("params.yaml") == before


def test_a_mistake_in_an_experiment_is_told_and_gone_with_the_next_compose(
    composed: Project,
) -> None:
    before = composed.read("params.yaml")
    done = composed.dvc("exp", "run", "-S", "train.max_iter=0", check=False)
    assert done.returncode != 0
    assert_told(done, "'max_iter' is 0", "-S of this experiment", "next:", "exited with 3")
    composed.mlops("compose")
    assert composed.read("params.yaml") == before


def test_values_that_an_experiment_left_are_kept_or_dropped_only_when_told(
    composed: Project,
) -> None:
    before = composed.read("params.yaml")
    composed.dvc("exp", "run", "-S", "serve.max_rows=7", "compose")
    left = composed.read("params.yaml")
    assert "max_rows: 7" in left
    done = composed.mlops("compose", check=False)
    assert_refused(
        done,
        ExitCode.CONFIGURATION,
        "serve.max_rows=7",
        "params.yaml: overrides",
        "--keep",
        "--discard",
    )
    assert composed.read("params.yaml") == left
    composed.mlops("compose", DVC_STAGE="compose")  # in `dvc repro` the experiment goes on
    assert composed.read("params.yaml") == left
    composed.mlops("compose", "--discard")
    assert composed.read("params.yaml") == before
    composed.write("params.yaml", left)
    composed.mlops("compose", "--keep")
    assert "max_rows: 7" in composed.read("conf/serve/fastapi.yaml")
    assert "overrides" not in composed.read("params.yaml")


def test_keep_and_discard_exclude_each_other(composed: Project) -> None:
    done = composed.mlops("compose", "--keep", "--discard", check=False)
    assert done.returncode == ExitCode.USAGE
    assert_told(done, "exclude each other")


OUTSIDE = {
    "compose": "no conf/config.yaml",
    "run ingest": "no params.yaml",
    "gate": "no params.yaml",
    "serve": "no params.yaml",
    "predict rows.csv -o scores.parquet": "no params.yaml",
    "export --to model": "no params.yaml",
    "monitor": "no params.yaml",
    "retrain": "no params.yaml",
}


@pytest.mark.parametrize(("command", "what"), OUTSIDE.items(), ids=OUTSIDE)
def test_outside_a_project_every_command_says_so(
    composed_once: Project, tmp_path: Path, command: str, what: str
) -> None:
    done = composed_once.mlops("--project", str(tmp_path), *command.split(), check=False)
    assert_refused(done, ExitCode.CONFIGURATION, what, str(tmp_path), "project's folder")
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_conf_stops_dvc_before_any_output_is_touched(project: Project) -> None:
    before = contents(project.root) | contents(project.root, ["params.yaml", "dvc.lock"])
    project.edit(TRAIN, "max_iter: 40", "max_iter: 0")
    done = project.dvc("repro", check=False)
    assert done.returncode != 0
    assert_told(done, "'max_iter' is 0", f"{TRAIN}: max_iter", "failed to reproduce 'compose'")
    assert contents(project.root) | contents(project.root, ["params.yaml", "dvc.lock"]) == before


def test_without_git_stages_run_and_dvc_says_what_is_missing(project: Project) -> None:
    shutil.rmtree(project.root / ".git")
    before = contents(project.root)
    done = project.dvc("repro", check=False)
    assert done.returncode != 0
    assert_told(done, "is not a git repository")
    # The digest is of the result, not of the commit: it is found in the store.
    assert_told(project.mlops("run", "track"), "tracked already")
    assert contents(project.root) == before
