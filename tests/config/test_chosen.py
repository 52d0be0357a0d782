"""What `mlops compose` and `mlops run` say of a choice that cannot work here."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ExitCode
from tests.helpers.projects import commit, git, mlops_with_site, write_distribution
from tests.helpers.refusals import assert_refused

if TYPE_CHECKING:
    from pathlib import Path

CHOSEN = {
    **{str(stage): "none" for stage in CONTRACTS},
    "ingest": "sample",
    "validate": "pandera",
    "split": "random",
    "features": "project",
    "train": "sklearn",
    "evaluate": "metrics",
    "gate": "champion",
    "serve": "fastapi",
    "monitor": "drift",
    "retrain": "policy",
    "notify": "log",
}

PLUGIN = """
from mlops_plugins import Component, ComponentSpec, Stage, hookimpl


@hookimpl
def mlops_implementations():
    yield ComponentSpec(
        stage=Stage.TRAIN, name="lazy", target="acme:Lazy", summary="x", {needs}
    )


class Lazy(Component):
    def train(self, context, *, features, output):
        import no_such_library

    def load(self, path): ...
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a `conf/` of one file, and a plugin's distribution beside it."""
    folder = tmp_path / "project"
    (folder / "conf").mkdir(parents=True)
    (tmp_path / "site").mkdir()
    write(folder, **CHOSEN)
    return folder


def write(root: Path, task: str = "binary", **chosen: str) -> None:
    settings = {
        "defaults": [*({stage: name} for stage, name in chosen.items()), "_self_"],
        "project": "late",
        "seed": 1,
        "threads": 1,
        "data": {"task": task, "target": "late"},
        "features": {"package": "late"},
    }
    YAML().dump(settings, root / "conf" / "config.yaml")


@pytest.mark.parametrize(
    ("needs", "install"),
    [
        ("libraries=('no-such-library',)", "uv add no-such-library"),
        ("libraries=('no-such-library',), extra='acme[lazy]'", "uv add 'acme[lazy]'"),
        ("extra='no-such-library>=2'", "uv add 'no-such-library>=2'"),
    ],
)
def test_a_choice_whose_library_is_missing_is_not_composed(
    root: Path, needs: str, install: str
) -> None:
    write_distribution(root.parent / "site", "acme", PLUGIN.format(needs=needs))
    write(root, **{**CHOSEN, "train": "lazy"})
    done = mlops_with_site(root, "compose")
    what = "train/lazy of acme 1.2 needs 'no-such-library', which is not installed."
    assert_refused(done, ExitCode.CONFIGURATION, what, "conf/config.yaml: train: lazy", install)
    assert not (root / "params.yaml").exists()


def test_a_library_of_another_distribution_is_as_good(root: Path) -> None:
    needs = "libraries=('pandas-gpu',)"  # pandas can be imported
    write_distribution(root.parent / "site", "acme", PLUGIN.format(needs=needs))
    write(root, **{**CHOSEN, "train": "lazy"})
    assert mlops_with_site(root, "compose").returncode == 0


def test_a_default_that_is_wrong_is_said_to_be_one(root: Path) -> None:
    import pandas as pd

    write(root, "regression", **{**CHOSEN, "train": "estimator"})
    assert mlops_with_site(root, "compose").returncode == 0
    for name in ("data/features/train.parquet", "reports/tuning/best.json", "schema.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"x": [1.0, 2.0], "late": [0.5, 1.5]}).to_parquet(
        root / "data/features/train.parquet"
    )
    (root / "reports/tuning/best.json").write_text('{"train": "estimator", "options": {}}')
    column = "{type: number, nullable: false}"
    (root / "schema.yaml").write_text(f"columns:\n  x: {column}\n  late: {column}\n")
    done = mlops_with_site(root, "run", "train")
    assert_refused(
        done,
        ExitCode.CONFIGURATION,
        "scikit-learn has no regressor 'RandomForestClassifier'",
        "params.yaml: train.estimator, its default in train/estimator; "
        "there is no conf/train/estimator.yaml",
        "dvc exp run -S train.estimator=VALUE, or write the file: "
        "mlops plugins show train/estimator --yaml > conf/train/estimator.yaml",
    )


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("train.max_itr", "train.max_iter"),
        ("train.early_stopping.round", "train.early_stopping.rounds"),
        ("trian.max_iter", "train"),
    ],
)
def test_an_experiments_misspelt_key_is_answered_by_the_nearest(
    root: Path, key: str, meant: str
) -> None:
    git(root, "init", "--quiet")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=root, check=True)
    (root / ".dvc" / "config").write_text("[hydra]\n    enabled = true\n")
    (root / "dvc.yaml").write_text("stages:\n  a: {cmd: echo, params: [train]}\n")
    commit(root, "Begin")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "exp", "run", "-S", f"{key}=20"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = key if key.startswith("train") else "trian"
    assert f"There is no '{wrong}' in conf/. Did you mean '{meant}'? Known are " in done.stderr
    assert done.returncode == 255
