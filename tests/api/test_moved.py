"""What plugins of the previous version import is found where it is now, and they are told so."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import mlops_plugins
from mlops_plugins import Component, ComponentSpec, Context, moved
from mlops_plugins.api.context import Data
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.deprecation import Deprecated
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from pathlib import Path

# Written for the version before the modules moved.
PLUGIN = """
from mlops_plugins import Field, Implementation, Options, Stage, hookimpl
from mlops_plugins.files import write_json
from mlops_plugins.registry import registry
from mlops_plugins.stages import Alert, Context


@hookimpl
def mlops_implementations():
    yield Implementation(
        stage=Stage.NOTIFY, name="shout", target="shout:Shout", summary="Says it loudly"
    )


class Shout(Options):
    '''Says alerts loudly.'''

    volume: int = Field(3, description="Loudness.")

    def notify(self, context: Context, *, alert: Alert) -> None:
        '''Say it.'''
        context.say(alert.title.upper())
"""


@pytest.mark.parametrize("name", moved.MODULES)
def test_a_former_module_answers_with_what_its_place_has(name: str) -> None:
    sys.modules.pop(f"mlops_plugins.{name}", None)
    with pytest.warns(Deprecated, match=f"it imports 'mlops_plugins.{name}'"):
        former = importlib.import_module(f"mlops_plugins.{name}")
    present = importlib.import_module(f"mlops_plugins.{moved.MODULES[name]}")
    public = [each for each in vars(present) if not each.startswith("_")]
    assert public
    assert all(getattr(former, each) is getattr(present, each) for each in public)


def test_former_names_are_the_present_classes() -> None:
    with pytest.warns(Deprecated, match="use 'Component' before"):
        assert mlops_plugins.Options is Component
    with pytest.warns(Deprecated, match="use 'ComponentSpec' before"):
        assert mlops_plugins.Implementation is ComponentSpec
    with pytest.raises(AttributeError, match="has no attribute 'Optoins'"):
        _ = mlops_plugins.Optoins


@pytest.mark.filterwarnings("ignore::mlops_plugins.api.deprecation.Deprecated")
def test_contracts_are_found_where_they_were() -> None:
    stages = importlib.import_module("mlops_plugins.stages")
    assert stages.Champion is Champion
    assert stages.Implementation is ComponentSpec
    assert stages.MODEL == "models/model"
    with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
        _ = stages.Nobody


def test_a_context_answers_by_its_former_names(tmp_path: Path) -> None:
    said: list[str] = []
    data = Data(task="binary", target="late")
    context = Context(root=tmp_path, project="p", data=data, seed=1, threads=1, log=said.append)
    with pytest.warns(Deprecated, match="call 'context.log' before"):
        context.say("hello")
    with pytest.warns(Deprecated, match="call 'context.log_metric' before"):
        context.measured("loss", 0.5, 1)
    assert said == ["hello"]


def test_a_plugin_of_the_previous_version_works_and_its_author_is_told(tmp_path: Path) -> None:
    write_distribution(tmp_path, "shout", PLUGIN)
    command = [sys.executable, "-m", "mlops_plugins", "plugins", "list"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert "Says it loudly" in done.stdout
    assert "it imports 'mlops_plugins.files', as in 0.1" in done.stdout
    assert "it uses 'Options', as in 0.1: use 'Component' before 0.3" in done.stdout


def test_what_is_nowhere_is_told_as_the_plugins_fault(tmp_path: Path) -> None:
    write_distribution(tmp_path, "old", "import mlops_plugins.gating")
    command = [sys.executable, "-m", "mlops_plugins", "plugins", "list"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert "it imports 'mlops_plugins.gating', which is not in this version" in done.stdout
    assert "upgrade old" in done.stdout


@pytest.mark.parametrize(
    "name", ["mlops_plugins.mlflow_loader", "mlops_plugins.features", "mlops_plugins.estimators"]
)
def test_what_saved_models_name_stays_without_a_warning(name: str) -> None:
    code = f"import {name}; from mlops_plugins.estimators.text import text_of"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
