"""A project's own MLflow store works in folders of any name, and after the project was moved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow

USE = """
import json, sys
from pathlib import Path
from mlops_plugins.api.context import Context, Data
from mlops_plugins.integrations.mlflow.store import connected, create_run, experiment_of
home = Path(sys.argv[1])
context = Context(root=home, project="p", data=Data(task="binary", target="y"), seed=0, threads=1, log=print)
client = connected(context)
experiment = experiment_of(client, "p")
run = create_run(client, experiment, "one", {})
client.log_text(run, "text", "note.txt")
listed = [each.info.run_id for each in client.search_runs([experiment])]
notes = [Path(client.download_artifacts(each, "note.txt")).read_text() for each in listed]
json.dump(notes, sys.stdout)
"""
"""Makes a run with a file, and reads the files of all runs."""


def use(home: Path, *paths: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", USE, str(home)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
    ).stdout


def test_a_project_may_have_any_name_be_moved_and_be_copied(tmp_path: Path) -> None:
    name = "a%20b? #1 it's ünder"
    first, moved, copied = tmp_path / name, tmp_path / "50%", tmp_path / "copy"
    first.mkdir()
    assert use(first) == '["text"]'
    assert {path.name for path in tmp_path.iterdir()} == {name}

    first.rename(moved)
    assert use(moved) == '["text", "text"]'
    assert {path.name for path in tmp_path.iterdir()} == {"50%"}

    shutil.copytree(moved, copied)
    before = sorted(moved.rglob("*"))
    assert use(copied) == '["text", "text", "text"]'
    assert sorted(moved.rglob("*")) == before


def test_an_environment_may_be_in_a_folder_of_any_name(tmp_path: Path) -> None:
    """As `.venv` is, which is in the project."""
    packages = tmp_path / "50% off"
    packages.symlink_to(Path(mlflow.__file__).parent.parent)
    assert use(tmp_path, packages) == '["text"]'
    assert use(tmp_path, packages) == '["text", "text"]'
