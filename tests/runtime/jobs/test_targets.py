"""Where a user says that a command writes: only a command's own earlier work is replaced."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mlops_plugins.api.errors import ExitCode
from tests.helpers.refusals import snapshot
from tests.helpers.registering import Home, with_champion

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "data/splits/test.parquet"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A project with a champion; the current folder, as paths on a command line are relative to it."""
    made = with_champion(tmp_path)
    (made.root / "mine" / "deep").mkdir(parents=True)
    (made.root / "mine" / "deep" / "notes.txt").write_text("mine")
    (made.root / "mine" / "features.py").write_text("x = 1\n")
    (made.root / "mine" / "table.csv").write_text("score\n1\n")
    shutil.copytree(made.root / "data" / "splits", made.root / "mine" / "rows")
    (made.root / "monitoring" / "reports" / "mine").mkdir(parents=True)
    monkeypatch.chdir(made.root)
    return made


REFUSED = {
    "a folder": (f"predict {ROWS} -o mine", "mine is a folder"),
    "the project": (f"predict {ROWS} -o .", ". is a folder"),
    "its input": (f"predict {ROWS} -o {ROWS}", "is the input"),
    "its input otherwise": (f"predict {ROWS} -o data/../{ROWS}", "is the input"),
    "a part of its input": ("predict mine/rows -o mine/rows/test.parquet", "is the input"),
    "a source": (f"predict {ROWS} -o mine/features.py", "mine/features.py names no format"),
    "a table of the user's": (f"predict {ROWS} -o mine/table.csv", "holds no predictions"),
    "another table": (f"predict {ROWS} -o mine/rows/train.parquet", "holds no predictions"),
    "export to a folder": ("export --to mine", "is no earlier export"),
    "export to the project": ("export --to .", "is no earlier export"),
    "export to the model": ("export --to models/model", "is no earlier export"),
    "export to a version": ("export --to models/registry/versions/1", "is no earlier export"),
    "export to a file": ("export --to mine/features.py", "is a file"),
    "a report above": (f"monitor --data {ROWS} --name ../../../evil", "name is '../../../evil'"),
    "a report elsewhere": (f"monitor --data {ROWS} --name /tmp/evil", "name is '/tmp/evil'"),
    "a report of all reports": (f"monitor --data {ROWS} --name .", "name is '.'"),
    "a report without a name": (f"monitor --data {ROWS} --name ", "name is ''"),
    "a report over a folder": (f"monitor --data {ROWS} --name mine", "mine is there"),
}


@pytest.mark.parametrize(("command", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_the_users_is_not_replaced(home: Home, command: str, said: str) -> None:
    before = snapshot(home.root)
    done = home.mlops(*command.split(" "))
    assert done.exit_code == ExitCode.CONFIGURATION, done.output
    assert said in done.stderr
    assert "where:" in done.stderr
    assert "next:" in done.stderr
    assert snapshot(home.root) == before
    assert not (home.root.parent / "evil").exists()


def test_earlier_work_is_replaced(home: Home) -> None:
    for _ in range(2):
        home.done("predict", ROWS, "-o", "mine/scores.parquet", "--no-log")
        home.done("export", "--to", "mine/champion")
    (home.root / "empty").mkdir()
    home.done("export", "--to", "empty")


def test_predictions_are_written_as_the_files_name_says(home: Home) -> None:
    for name in ("scores.parquet", "scores.csv", "scores.csv"):
        home.done("predict", ROWS, "-o", name, "--no-log")
    table = pd.read_parquet(home.root / "scores.parquet")
    written = pd.read_csv(home.root / "scores.csv", float_precision="round_trip")
    pd.testing.assert_frame_equal(written, table, check_dtype=False)


def test_an_export_that_is_corrupt_is_replaced_and_one_with_more_in_it_is_not(home: Home) -> None:
    home.done("export", "--to", "mine/champion")
    estimator = next((home.root / "mine/champion/estimator").iterdir())
    content = estimator.read_bytes()
    estimator.write_bytes(b"cut")
    home.done("export", "--to", "mine/champion")
    assert estimator.read_bytes() == content
    (home.root / "mine/champion/notes.txt").write_text("mine")
    done = home.mlops("export", "--to", "mine/champion")
    assert done.exit_code == ExitCode.CONFIGURATION
    assert (home.root / "mine/champion/notes.txt").read_text() == "mine"
