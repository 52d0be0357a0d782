"""What a promotion must withstand: races, damage, tampering, and a registry older than its history."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins import Stage
from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.stages.register.actor import current_actor
from tests.helpers.registering import Home, begun, refused

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["folder", "mlflow"])
def test_a_champion_from_before_there_was_a_history_is_adopted(tmp_path: Path, name: str) -> None:
    home = Home.make(tmp_path / "late", name)
    home.register(101, "keep")
    home.register(102, "keep")
    project = Project(home.root, lambda _: None)
    registry: Any = project.component(Stage.REGISTER)
    registry.storage(project.context).set_alias("champion", "1")
    assert home.moves() == [("bootstrap", None, "1")]
    home.done("promote", "2", "--because", "a try")
    home.done("rollback")
    assert home.version() == "1"
    assert [move[0] for move in home.moves()] == ["bootstrap", "promote", "rollback"]


@pytest.mark.slow
def test_what_does_not_load_becomes_no_champion(tmp_path: Path) -> None:
    home = begun(Home.make(tmp_path / "late", "folder"))
    estimator = home.root / "models/registry/versions/1/model/estimator"
    (file,) = [path for path in estimator.iterdir() if path.is_file()]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    for words in (["promote", "1"], ["rollback"]):
        code, text = refused(home, *words)
        assert code == ExitCode.MODEL
        assert "Version 1 cannot serve" in text
        assert "is corrupt" in text
    manifest = home.root / "models/registry/versions/3/model/manifest.json"
    files.write_json(manifest, files.read_json(manifest) | {"rows": 1})
    assert "registered was" in refused(home, "promote", "3", "--because", "a try")[1]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["edit", "delete"])
def test_a_history_that_was_changed_is_not_believed(tmp_path: Path, change: str) -> None:
    home = begun(Home.make(tmp_path / "late", "folder"))
    first = home.root / "models/registry/history/000001.json"
    if change == "edit":
        files.write_json(first, files.read_json(first) | {"who": "somebody else"})
    else:
        first.unlink()
    for words in (["history"], ["rollback"], ["promote", "1"], ["run", "register"]):
        result = home.mlops(*words)
        assert result.exit_code == ExitCode.MODEL
        assert "The history of the champion is broken" in result.stderr
    assert home.version() == "2"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"GITHUB_ACTOR": "octo"}, "octo"),
        ({"GITLAB_USER_LOGIN": "lab"}, "lab"),
        ({}, "git@example.com"),
    ],
)
def test_who_it_was(
    tmp_path: Path,
    environment: dict[str, str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        monkeypatch.delenv(variable, raising=False)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    config = ["git", "-C", str(tmp_path), "config", "user.email", "git@example.com"]
    subprocess.run(config, check=True)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert current_actor(tmp_path) == expected


@pytest.mark.slow
@pytest.mark.parametrize("where", ["folder", "mlflow"])
def test_of_two_promotions_at_once_one_wins_and_the_other_says_so(
    tmp_path: Path, where: str
) -> None:
    home = begun(Home.make(tmp_path / "late", where))
    # Each has read the history, and waits for the other before it writes.
    code = """\
import sys, time
from pathlib import Path
from mlops_plugins.cli.app import main
from mlops_plugins.stages.register import transitions
folder, version = Path(sys.argv[1]), sys.argv[2]
change = transitions._entry
def wait(*arguments):
    entry = change(*arguments)
    (folder / version).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    return entry
transitions._entry = wait
main(["--project", sys.argv[3], "promote", version, "--because", "a race"])
"""
    (tmp_path / "ready").mkdir()
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "ready"), version, str(home.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for version in ("1", "3")
    ]
    said = [runner.communicate() for runner in runners]
    codes = [runner.returncode for runner in runners]
    assert sorted(codes) == [ExitCode.OK, ExitCode.MODEL], said
    winner = ("1", "3")[codes.index(ExitCode.OK)]
    error = said[codes.index(ExitCode.MODEL)][1]
    assert f"Another promote was faster: version {winner} is champion since" in error
    assert "mlops history" in error
    assert home.version() == winner
    last, void = home.history()[-2:]
    assert (last["to"], last["void"]) == (winner, False)
    assert void["void"]
    assert "void" in home.done("history")
