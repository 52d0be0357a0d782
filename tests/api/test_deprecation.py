"""What the previous minor version had works for one more, says so, and then goes."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from mlops_plugins.api.deprecation import PREVIOUS, REMOVED_IN
from mlops_plugins.api.errors import ExitCode
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from tests.helpers.projects import Project


def test_what_is_to_go_in_this_version_is_gone() -> None:
    """If this fails: remove what is deprecated and `Contract.added`, and move both versions on."""
    now = Version(version("mlops-plugins"))
    assert Version(PREVIOUS) < now < Version(REMOVED_IN)
    assert (now.major, now.minor - 1) == Version(PREVIOUS).release


PLUGIN = '''
import json
import shutil

from mlops_plugins import ComponentSpec, Component, Stage, hookimpl
from mlops_plugins.artifacts.files import digest, read_json, write_json


@hookimpl
def mlops_implementations():
    yield ComponentSpec(
        stage=Stage.REGISTER, name="previous", target="previous:Register", summary="As in 0.1"
    )


@hookimpl
def mlops_after_stage(stage, context, metrics):
    if metrics:
        (context.root / "told.json").write_text(json.dumps(metrics))


class Register(Component):
    """A folder as registry, with the signature of the previous minor version."""

    def register(self, context, *, model, verdict, run, output):
        shutil.copytree(model, context.home / "registry" / "model", dirs_exist_ok=True)
        judged = read_json(verdict)
        write_json(output, {"digest": digest(model), "alias": judged["decision"]})

    def champion(self, context):
        return None
'''


@pytest.mark.slow
def test_a_plugin_of_the_previous_version_runs_with_a_warning(project: Project) -> None:
    (site,) = (project.root / ".venv" / "lib").glob("python3*/site-packages")
    write_distribution(site, "previous", PLUGIN, requires=(f"mlops-plugins>={PREVIOUS}",))
    project.edit("conf/config.yaml", "- register: mlflow", "- register: previous")
    assert project.repro() == ["gate", "register"]
    assert (project.root / "registry" / "model" / "manifest.json").exists()

    told = project.mlops("run", "register").stderr
    for parameter in ("lineage", "reference", "report"):
        assert (
            "warning: plugin 'previous' of previous 1.2: its method 'register' does not take "
            f"'{parameter}', as in {PREVIOUS}: take it before {REMOVED_IN}\n"
        ) in told
    refused = project.mlops("history", check=False)
    assert refused.returncode == ExitCode.CONFIGURATION
    assert "register/previous has no 'history'" in refused.stderr
    assert (
        "warning: plugin 'previous' of previous 1.2: its hook 'mlops_after_stage' takes 'metrics', "
        f"as in {PREVIOUS}: implement 'mlops_on_metric' before {REMOVED_IN}\n"
    ) in told
    project.mlops("run", "evaluate")
    assert "roc_auc" in project.read("told.json")
