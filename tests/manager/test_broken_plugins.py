"""Plugins that are wrong in every way, installed at once: all else works, and each is named."""

# ruff: noqa: E501  the texts are as long as they are

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from pathlib import Path

OFFER = """
from mlops_plugins import ComponentSpec, Component, Stage, hookimpl

@hookimpl
def mlops_implementations():
    yield ComponentSpec(stage=Stage.{stage}, name="{name}", target="{target}", summary="x", extra="{extra}")
"""
TRAINER = """
class Trainer(Component):
    def train(self, context, *, features, output): ...
    def load(self, path): ...
"""


def offer(name: str, target: str, stage: str = "TRAIN", extra: str = "") -> str:
    return OFFER.format(name=name, target=target, stage=stage, extra=extra)


# By the distribution's name: what its module says, and what `mlops plugins list` says of it.
WRONG = {
    "raises": (
        "raise RuntimeError('no licence')",
        """plugin 'raises' of raises 1.2: RuntimeError: no licence ({folder}/raises.py, line 1)
  next: tell the author of raises""",
    ),
    "leaves": (
        "import sys; sys.exit(3)",
        """plugin 'leaves' of leaves 1.2: SystemExit: 3 ({folder}/leaves.py, line 1)
  next: tell the author of leaves""",
    ),
    "misspells-python": (
        "def broken(:",
        """plugin 'misspells-python' of misspells-python 1.2: SyntaxError: invalid syntax (misspells_python.py, line 1)
  next: tell the author of misspells-python""",
    ),
    "lacks-module": (
        "import a_library.that.is_not_there",
        """plugin 'lacks-module' of lacks-module 1.2: it needs 'a_library', which is not installed
  next: install what provides 'a_library', or uninstall lacks-module""",
    ),
    "misspells-hook": (
        "from mlops_plugins import hookimpl\n@hookimpl\ndef mlops_implementation(): ...",
        """plugin 'misspells-hook' of misspells-hook 1.2: it implements an unknown hook 'mlops_implementation'. Did you mean 'mlops_implementations'?
  next: tell the author of misspells-hook""",
    ),
    "forgets-mark": (
        "def mlops_implementations(): ...",
        """plugin 'forgets-mark' of forgets-mark 1.2: its hook 'mlops_implementations' has no @hookimpl
  next: tell the author of forgets-mark""",
    ),
    "misspells-argument": (
        "from mlops_plugins import hookimpl\n@hookimpl\ndef mlops_before_stage(stagee): ...",
        """plugin 'misspells-argument' of misspells-argument 1.2: its hook 'mlops_before_stage' takes 'stagee', which it is not given. Did you mean 'stage'?
  next: tell the author of misspells-argument""",
    ),
    "wraps": (
        "from mlops_plugins import hookimpl\n@hookimpl(wrapper=True)\ndef mlops_before_stage(stage): yield",
        """plugin 'wraps' of wraps 1.2: its hook 'mlops_before_stage' is a wrapper, which no hook here can be
  next: tell the author of wraps""",
    ),
    "fails-to-offer": (
        "from mlops_plugins import hookimpl\n@hookimpl\ndef mlops_implementations(): yield 1 / 0",
        """plugin 'fails-to-offer' of fails-to-offer 1.2: ZeroDivisionError: division by zero ({folder}/fails_to_offer.py, line 3)
  next: tell the author of fails-to-offer""",
    ),
    "offers-text": (
        "from mlops_plugins import hookimpl\n@hookimpl\ndef mlops_implementations(): yield 'train'",
        """plugin 'offers-text' of offers-text 1.2: TypeError: it offers 'train', which is no ComponentSpec
  next: tell the author of offers-text""",
    ),
    "misspells-stage": (
        offer("x", "a:B").replace("Stage.TRAIN", "'trian'"),
        """plugin 'misspells-stage' of misspells-stage 1.2: it offers 'x' of the stage 'trian', which is none. Did you mean 'train'?
  next: tell the author of misspells-stage""",
    ),
    "misnames": (
        offer("My GBM", "a:B"),
        """plugin 'misnames' of misnames 1.2: ValueError: name is 'My GBM': lower-case words joined by '-' or '_' ({folder}/misnames.py, line 6)
  next: tell the author of misnames""",
    ),
    "one": (
        offer("gbm", "one:Trainer") + TRAINER,
        """Two plugins offer train/gbm: one 1.2 and two 1.2
  next: uninstall one of them, or ask its author to rename it""",
    ),
    "two": (offer("gbm", "two:Trainer") + TRAINER, None),
    "takes-less": (
        offer("less", "takes_less:Trainer") + TRAINER.replace(", output", ""),
        """train/less of takes-less 1.2: its method 'train' does not take 'output'
  next: tell the author of takes-less""",
    ),
    "cannot-load": (
        offer("amnesia", "cannot_load:Trainer") + TRAINER.replace("load", "lod"),
        """train/amnesia of cannot-load 1.2: it has no method 'load'
  next: tell the author of cannot-load""",
    ),
    "points-nowhere": (
        offer("nowhere", "points_nowhere.gbm:Trainer"),
        """train/nowhere of points-nowhere 1.2: there is no module 'points_nowhere.gbm'
  next: tell the author of points-nowhere""",
    ),
    "has-no-class": (
        offer("nobody", "has_no_class:Trainer"),
        """train/nobody of has-no-class 1.2: {folder}/has_no_class.py defines no 'Trainer'
  next: tell the author of has-no-class""",
    ),
    "newer": (
        "raise AssertionError('imported')",
        """plugin 'newer' of newer 1.2: it needs mlops-plugins>=9, and {version} is installed
  next: install versions of newer and mlops-plugins that fit""",
    ),
    "previous": (
        offer("previous", "previous:Register", stage="REGISTER")
        + """
@hookimpl
def mlops_after_stage(stage, metrics): ...

class Register(Component):
    def register(self, context, *, model, verdict, run, output): ...
    def champion(self, context): ...
""",
        """register/previous of previous 1.2: its method 'register' does not take 'lineage', as in 0.1: take it before 0.3
  next: upgrade previous, or tell its author

plugin 'previous' of previous 1.2: its hook 'mlops_after_stage' takes 'metrics', as in 0.1: implement 'mlops_on_metric' before 0.3
  next: upgrade previous, or tell its author""",
    ),
}
REQUIRES = {"newer": ("mlops_plugins >= 9",), "lacks-library": ("libgpu>=3; extra == 'gpu'",)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of installed plugins: all that are wrong, one that lacks a library, a good one."""
    made = tmp_path_factory.mktemp("site")
    for name, (code, _) in WRONG.items():
        write_distribution(made, name, code, requires=REQUIRES.get(name, ()))
    lacking = offer("gpu", "lacks_library:Trainer", extra="lacks-library[gpu]") + TRAINER
    write_distribution(made, "lacks-library", lacking, requires=REQUIRES["lacks-library"])
    write_distribution(made, "good", offer("good", "good:Trainer") + TRAINER)
    return made


def mlops(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_plugins", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def listed(folder: Path) -> str:
    done = mlops(folder, "plugins", "list")
    assert done.returncode == 0
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", [name for name, (_, said) in WRONG.items() if said])
def test_what_is_wrong_and_whose_it_is(listed: str, folder: Path, name: str) -> None:
    from importlib.metadata import version

    said = WRONG[name][1].format(folder=folder, version=version("mlops-plugins"))
    assert f"\n\n{said}\n" in listed


def test_nothing_else_is_said_to_be_wrong(listed: str) -> None:
    paragraphs = listed.split("\n\n")[1:]
    said = sum(text.count("\n  next:") for _, text in WRONG.values() if text)
    assert sum(paragraph.count("\n  next:") for paragraph in paragraphs) == said


def test_all_else_works(listed: str) -> None:
    states = {}
    for line in listed.split("\n\n")[0].splitlines()[1:]:
        stage, name, state, *_ = line.split()
        states[f"{stage}/{name}"] = state
    assert states["train/sklearn"] == states["train/good"] == "ready"
    assert states["train/less"] == states["train/gbm"] == "broken"
    assert states["register/previous"] == "outdated"


def test_a_missing_library_is_told_with_what_installs_it(listed: str, folder: Path) -> None:
    (line,) = [line for line in listed.splitlines() if line.startswith(" train     gpu")]
    assert "uv add 'lacks-library[gpu]'" in line
    found = json.loads(mlops(folder, "plugins", "list", "--json").stdout)
    (entry,) = [each for each in found["implementations"] if each["name"] == "gpu"]
    assert entry["state"] == "not installed"
    assert entry["why"] == "train/gpu of lacks-library 1.2: it needs libgpu>=3"


def test_the_list_as_json_says_the_same(listed: str, folder: Path) -> None:
    found = json.loads(mlops(folder, "plugins", "list", "--json").stdout)
    assert {each["plugin"] for each in found["broken"]} == {
        name for name, (_, said) in WRONG.items() if said and said.startswith(f"plugin '{name}'")
    } - {"previous"}
    for each in found["broken"]:
        assert f"{each['why']}\n  next: {each['next_step']}\n" in listed
    broken = [each for each in found["implementations"] if each["state"] == "broken"]
    assert len(broken) == 6
    assert all(each["why"] in listed for each in broken)
    assert [each["plugin"] for each in found["outdated"]] == ["previous"]


def test_external_plugins_can_be_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_DISABLE_EXTERNAL_PLUGINS", "1")
    listed = mlops(folder, "plugins", "list").stdout
    assert "train     sklearn" in listed
    assert "1.2" not in listed
