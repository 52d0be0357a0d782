"""`mlops plugins show` and `why`: what an implementation takes, and what makes it the chosen one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow


def line_of(project: Project, name: str, text: str) -> int:
    (found,) = [
        i for i, line in enumerate(project.read(name).splitlines(), 1) if line.strip() == text
    ]
    return found


def test_why_names_the_line_that_chooses_and_each_options_source(project: Project) -> None:
    project.edit("conf/train/sklearn.yaml", "max_leaf_nodes: 15\n", "")
    told = project.mlops("plugins", "why", "train").stdout.splitlines()
    assert told[0] == "train: sklearn (scikit-learn's HistGradientBoosting)"
    assert told[1].startswith("  from:     mlops-plugins 0.")
    assert told[2].endswith("/stages/train/sklearn.py")
    line = line_of(project, "conf/config.yaml", "- train: sklearn")
    assert told[3] == f"  chosen:   conf/config.yaml, line {line}: - train: sklearn"
    assert told[4].startswith("  identity: cache version 3, scikit-learn 1.")
    options = {each.split(" = ")[0].strip(): each.split("  ")[-1].strip() for each in told[5:]}
    number = line_of(project, "conf/train/sklearn.yaml", "max_iter: 40")
    assert options["max_iter"] == f"conf/train/sklearn.yaml, line {number}"
    assert options["max_leaf_nodes"] == "default"


def test_why_names_an_applied_experiment(project: Project) -> None:
    overrides = ("-S", "train=estimator", "-S", "train.maximum_categories=20")
    project.dvc("exp", "run", *overrides, "compose")
    told = project.mlops("plugins", "why", "train").stdout
    applied = "an experiment that was applied (params.yaml: overrides)"
    assert told.startswith("train: estimator (")
    assert f"  chosen:   train=estimator, {applied}\n" in told
    assert re.search(rf"maximum_categories = 20 +{re.escape(applied)}", told)
    assert re.search(r'estimator = "RandomForestClassifier" +default', told)


def test_why_follows_a_file_of_another_name_and_the_main_file(project: Project) -> None:
    project.write("conf/train/fast.yaml", "name: sklearn\nmax_iter: 7\n")
    project.edit("conf/config.yaml", "- train: sklearn", "- train: fast")
    project.edit("conf/config.yaml", "seed: 42", "seed: 42\ntrain:\n  min_samples_leaf: 3")
    found = json.loads(project.mlops("plugins", "why", "train", "--json").stdout)
    assert found["name"] == "sklearn"
    assert found["chosen_by"].endswith(": - train: fast")
    sources = {each["name"]: (each["value"], each["source"]) for each in found["options"]}
    assert sources["max_iter"] == (7, "conf/train/fast.yaml, line 2")
    value, source = sources["min_samples_leaf"]
    assert value == 3
    assert source.startswith("conf/config.yaml, line ")


def test_why_follows_an_override_in_another_file_of_conf(project: Project) -> None:
    project.write(
        "conf/experiment/forest.yaml",
        "# @package _global_\ndefaults:\n  - override /train: estimator\n",
    )
    project.edit("conf/config.yaml", "  - _self_\n", "  - _self_\n  - experiment: forest\n")
    told = project.mlops("plugins", "why", "train").stdout
    assert told.startswith("train: estimator (")
    assert "chosen:   conf/experiment/forest.yaml, line 3: - override /train: estimator" in told


def test_why_of_a_job_and_of_what_does_not_compose(project: Project) -> None:
    told = project.mlops("plugins", "why", "serve").stdout
    assert told.startswith("serve: fastapi (")
    assert "identity" not in told
    project.edit("conf/config.yaml", "- train: sklearn", "- train: sklern")
    refused = project.mlops("plugins", "why", "train", check=False)
    assert refused.returncode == 3
    assert "Did you mean 'sklearn'?" in refused.stderr


def test_show_prints_types_bounds_defaults_and_the_file(project: Project) -> None:
    shown = project.mlops("plugins", "show", "ingest/file", COLUMNS="200").stdout
    assert shown.startswith("ingest/file of mlops-plugins 0.")
    (row,) = [line for line in shown.splitlines() if line.strip().startswith("path")]
    assert row.split()[:3] == ["path", "string", "required"]
    found = json.loads(project.mlops("plugins", "show", "train/sklearn", "--json").stdout)
    assert found["libraries"] == ["scikit-learn"]
    assert found["schema"]["properties"]["max_iter"]["default"] == 600
    text = project.mlops("plugins", "show", "train/sklearn", "--yaml").stdout
    assert text.replace("max_iter: 600", "max_iter: 40") == project.read("conf/train/sklearn.yaml")


def test_show_of_what_is_not_there(project: Project) -> None:
    refused = project.mlops("plugins", "show", "trian/sklearn", check=False)
    assert refused.returncode == 3
    assert "There is no stage 'trian'. Did you mean 'train'?" in refused.stderr


def test_a_project_older_than_a_stage_runs_it_with_its_default(project: Project) -> None:
    before = project.read("params.yaml")
    project.edit("conf/config.yaml", "  - profile: table\n", "")
    (project.root / "conf/profile/table.yaml").unlink()
    assert project.repro() == []
    assert YAML(typ="safe").load(project.read("params.yaml")) == YAML(typ="safe").load(before)
    told = project.mlops("plugins", "why", "profile").stdout
    assert "chosen:   the package: conf/config.yaml is older than this stage" in told
    project.dvc("exp", "run", "-S", "train.max_iter=41", "compose")
    assert YAML(typ="safe").load(project.read("params.yaml"))["profile"]["name"] == "table"
