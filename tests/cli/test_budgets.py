"""What each command imports: nearly all that it costs. No clock is read here; `make bench` does."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from bench import plugins
from mlops_plugins.api.contracts import PIPELINE
from tests.helpers.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

HEAVY = {
    "catboost",
    "evidently",
    "fastapi",
    "hydra",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "optuna",
    "pandas",
    "pandera",
    "pyarrow",
    "scipy.stats",
    "shap",
    "skops",
    "sklearn",
    "xgboost",
}

# Arrow imports pandas itself, to recognise what it is given.
TABLES = {"pandas", "pyarrow"}
LEARNING = {*TABLES, "scipy.stats", "skops", "sklearn"}
# MLflow brings these, FastAPI among them.
TRACKING = {*TABLES, "fastapi", "mlflow"}

BUDGET = {
    "compose": {"hydra"},
    "run ingest": TABLES,
    "run validate": {*TABLES, "pandera"},
    "run profile": TABLES,
    "run split": TABLES,
    "run features": TABLES,
    "run tune": set(),
    "run train": LEARNING,
    "run evaluate": {*LEARNING, "matplotlib"},
    "run explain": {*LEARNING, "matplotlib"},
    "run gate": {"pyarrow"},
    "run report": set(),
    "run track": TRACKING,
    # It describes the model, and never loads it.
    "run register": TRACKING,
    "gate": set(),
    "plugins list": set(),
    "plugins show train/sklearn": set(),
    "plugins why train": {"hydra"},
    "--help": set(),
    "run --help": set(),
    "explain-row --help": set(),
}

PROBE = """\
import json, sys
from pathlib import Path
from mlops_plugins.cli.app import main
try:
    main(sys.argv[2:], prog_name="mlops")
finally:
    Path(sys.argv[1]).write_text(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def unregistered(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project without a champion, as before its first model is registered."""
    copy = Project(tmp_path_factory.mktemp("budgets") / "late")
    ignored = shutil.ignore_patterns("mlflow.db", "mlartifacts")
    shutil.copytree(finished.root, copy.root, symlinks=True, ignore=ignored)
    return copy


def imported(project: Project, command: str, scratch: Path) -> set[str]:
    """Run a command of `mlops`, and return every module that its process has imported."""
    listing = scratch / "modules.json"
    project.run("python", "-c", PROBE, str(listing), *command.split())
    return set(json.loads(listing.read_text()))


@pytest.mark.parametrize("command", BUDGET)
def test_a_command_imports_only_what_it_needs(
    unregistered: Project, tmp_path: Path, command: str
) -> None:
    # Left by `run track`: with a store, the gate asks it for the champion.
    (unregistered.root / "mlflow.db").unlink(missing_ok=True)

    found = imported(unregistered, command, tmp_path) & HEAVY

    assert found <= BUDGET[command], f"new in mlops {command}: {sorted(found - BUDGET[command])}"


def test_every_stage_has_a_budget() -> None:
    assert {f"run {stage}" for stage in PIPELINE} <= set(BUDGET)


def test_the_gate_recognises_the_champion_without_loading_it(
    project: Project, tmp_path: Path
) -> None:
    found = imported(project, "run gate", tmp_path) & HEAVY

    assert project.read("reports/verdict.json").count("it is the champion already")
    assert found <= TRACKING


@pytest.mark.parametrize("command", ["--help", "plugins list"])
def test_fifty_plugins_make_no_command_heavy(
    unregistered: Project, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = plugins.install(tmp_path / "site", 50)
    monkeypatch.setenv("PYTHONPATH", str(site))

    found = imported(unregistered, command, tmp_path)

    assert not found & HEAVY
    if command == "plugins list":
        assert "fake_49" in found
        listed = unregistered.mlops("plugins", "list").stdout
        assert listed.count("Trees of fake_") == 50


def test_help_is_as_light_as_a_command_can_be(unregistered: Project, tmp_path: Path) -> None:
    found = imported(unregistered, "--help", tmp_path)

    assert not found & {"jinja2", "numpy", "rich", "ruamel.yaml"}
