"""The tutorial, as written, in an environment that `make setup` makes; and the other pages' code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.helpers.documentation import assert_shown, blocks, python_blocks, run_as_typed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow


def test_the_tutorial_does_what_it_shows(template: Path, tmp_path: Path) -> None:
    (tmp_path / "mlops-template").symlink_to(template)
    commands = [command for block in blocks("tutorial.md") for command in block]
    run_as_typed(commands, tmp_path)


def test_the_own_implementation_of_the_guide_trains(project: Project) -> None:
    trainer, plugin, *_ = python_blocks("how-to/own-implementation.md")
    project.write("src/late/trainer.py", trainer)
    project.write("src/late/plugin.py", plugin)
    project.edit("conf/config.yaml", "- train: sklearn", "- train: plain")
    listed = project.mlops("plugins", "list").stdout
    assert re.search(r"train +plain", listed)
    project.mlops("compose")
    project.mlops("run", "train")
    project.mlops("run", "evaluate")
    before = project.read("params.yaml")
    project.edit("src/late/trainer.py", "maximum_categories=50", "maximum_categories=20")
    project.mlops("compose")
    assert project.read("params.yaml") != before


def test_the_first_plugin_has_15_lines_and_does_what_the_guide_shows(project: Project) -> None:
    (code,) = python_blocks("how-to/first-plugin.md")
    assert len([line for line in code.splitlines() if line]) <= 15
    project.write("src/late/plugin.py", code)
    assert_shown(project, "how-to/first-plugin.md")


def test_the_guide_to_choosing_shows_what_is_printed(project: Project) -> None:
    project.edit("conf/train/sklearn.yaml", "max_iter: 40", "max_iter: 600")
    assert_shown(project, "how-to/choose-implementations.md")
