"""A project's own MLflow store works in folders of any name, and after the project was moved."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

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


def use(home: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", USE, str(home)], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("name", ["a%20b", "what? now", "c#1", "it's ünder"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / "there" / name
    home.mkdir(parents=True)
    assert use(home) == '["text"]'
    assert (home / "mlflow.db").is_file()
    assert [path.name for path in (tmp_path / "there").iterdir()] == [name]
    assert use(home) == '["text", "text"]'


def test_a_project_that_was_moved_finds_its_artifacts(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    use(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two %")
    assert use(tmp_path / "two %") == '["text", "text"]'
    assert not (tmp_path / "one").exists()


def test_a_copy_does_not_write_into_what_it_was_copied_from(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    use(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    before = sorted((tmp_path / "one").rglob("*"))
    assert use(tmp_path / "two") == '["text", "text"]'
    shutil.rmtree(tmp_path / "two" / "mlartifacts")
    assert sorted((tmp_path / "one").rglob("*")) == before
