"""A project's own plugin: what its changes rerun, and what is said of one that does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlops_plugins.artifacts.files import digest
from tests.helpers.projects import write_distribution

if TYPE_CHECKING:
    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow

PLUGIN = '''
from mlops_plugins import Field, ComponentSpec, Component, Stage, hookimpl


@hookimpl
def mlops_implementations():
    yield ComponentSpec(stage=Stage.EXPLAIN, name="ours", target="late.plugin:Ours", summary="Ours")


class Ours(Component):
    """Explains by a word."""

    word: str = Field("all", description="What it depends on.")

    def explain(self, context, *, model, splits, output):
        from mlops_plugins.artifacts.files import write_json, write_text

        output.mkdir()
        write_json(output / "importance.json", {"columns": [{"column": self.word, "importance": 1}]})
        write_text(output / "importance.csv", f"column,importance\\n{self.word},1\\n")
'''


def test_a_change_in_plugin_py_reruns_its_stage_and_what_follows(project: Project) -> None:
    project.write("src/late/plugin.py", PLUGIN)
    assert project.repro() == []
    project.edit("conf/config.yaml", "- explain: permutation", "- explain: ours")
    assert project.repro() == ["explain", "gate", "report", "track", "register"]

    project.edit("src/late/plugin.py", '"importance": 1}', '"importance": 2}')
    assert project.repro() == ["explain", "gate", "report", "track", "register"]
    project.edit("src/late/plugin.py", '"""Explains by a word."""', '"""Explains by one word."""')
    # The same bytes as before: nothing follows but the report, which says what ran.
    assert project.repro() == ["explain", "report"]
    project.edit("src/late/features.py", "hour=", "at_hour=")
    assert "features" in project.repro("features")


def test_one_that_writes_nothing_is_told_and_loses_nothing(project: Project) -> None:
    project.write(
        "src/late/plugin.py", PLUGIN.partition("        output.mkdir()")[0] + "        pass\n"
    )
    project.edit("conf/config.yaml", "- explain: permutation", "- explain: ours")
    project.mlops("compose")
    before = digest(project.root / "reports/explanation")
    failed = project.mlops("run", "explain", check=False)
    assert failed.returncode == 7
    assert failed.stderr.endswith(
        "error: The implementation of explain ended without an error, and wrote no 'output'.\n"
        "  where:    explain: output (explain/ours of late 0.1.0)\n"
        "  expected: as mlops_plugins.api.contracts.explain.Explain says\n"
        "  next:     tell its author: `mlops plugins why explain` says whose it is\n"
    )
    assert digest(project.root / "reports/explanation") == before


OUTSIDE = """
from mlops_plugins import ComponentSpec, Component, Stage, hookimpl


@hookimpl
def mlops_implementations():
    yield ComponentSpec(
        stage=Stage.EXPLAIN, name="outside", target="outside:Outside", summary="x",
        cache_version=1, libraries=("outside",),
    )


class Outside(Component):
    def depends_on(self, root):
        return [root / "words.txt"]

    def explain(self, context, *, model, splits, output):
        from mlops_plugins.artifacts.files import write_json, write_text

        output.mkdir()
        write_json(output / "importance.json", {"columns": [{"column": "all", "importance": 1}]})
        write_text(output / "importance.csv", "column,importance\\nall,1\\n")
"""


def test_what_dvc_does_not_see_makes_its_stage_stale_and_no_other(project: Project) -> None:
    (packages,) = (project.root / ".venv" / "lib").glob("python3*/site-packages")
    info = write_distribution(packages, "outside", OUTSIDE)
    project.write("words.txt", "all")
    project.edit("conf/config.yaml", "- explain: permutation", "- explain: outside")
    assert project.repro() == ["explain", "gate", "report", "track", "register"]
    assert project.repro() == []

    project.write("words.txt", "every")
    assert project.repro() == ["explain", "report"]
    module = packages / "outside.py"
    module.write_text(OUTSIDE.replace("cache_version=1", "cache_version=2"))
    assert project.repro() == ["explain", "report"]
    metadata = info / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.2", "1.3"))
    # The report names the version.
    assert project.repro() == ["explain", "report", "track", "register"]


def test_a_plugin_that_ends_the_process_loses_nothing_and_stays_stale(project: Project) -> None:
    project.write("src/late/plugin.py", PLUGIN.replace("output.mkdir()", "raise SystemExit(0)"))
    project.edit("conf/config.yaml", "- explain: permutation", "- explain: ours")
    before = digest(project.root / "reports/explanation")
    for _ in range(2):
        failed = project.dvc("repro", "explain", check=False)
        assert failed.returncode == 255
        assert "explain/ours of late 0.1.0 ended the process: SystemExit: 0." in failed.stderr
        assert "exited with 7" in failed.stderr
        assert digest(project.root / "reports/explanation") == before
