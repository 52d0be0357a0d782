"""Implementations that fail in every way: never a success, and the error says whose it is and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from mlops_plugins.api.errors import ExitCode
from tests.helpers.projects import mlops_with_site, write_distribution
from tests.helpers.refusals import assert_refused

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """
import os
import sys

from mlops_plugins import Component, ComponentSpec, Stage, hookimpl


@hookimpl
def mlops_implementations():
    for stage, target in {{"ingest": "Ingest", "register": "Register"}}.items():
        yield ComponentSpec(stage=Stage(stage), name="bad", target=f"bad:{{target}}", summary="x")


def deep():
    {statement}


class Ingest(Component):
    def ingest(self, context, *, output):
        deep()


class Register(Component):
    def register(self, context, *, model, verdict, run, output): ...
    def champion(self, context):
        deep()
"""
LINE = PLUGIN[: PLUGIN.index("{statement}")].count("\n") + 1

OBSERVER = """

@hookimpl
def mlops_before_stage():
    deep()
"""


def project(folder: Path, statement: str, *, ingest: str = "bad", more: str = "") -> Path:
    """Write a project that ingests by a plugin whose code is `statement`, and install the plugin."""
    site, root = folder / "site", folder / "project"
    site.mkdir()
    root.mkdir()
    write_distribution(site, "bad", PLUGIN.format(statement=statement) + more)
    settings = {
        "project": "late",
        "seed": 1,
        "threads": 1,
        "data": {"task": "binary", "target": "late"},
        "ingest": {"name": ingest},
        "register": {"name": "bad"},
    }
    YAML().dump(settings, root / "params.yaml")
    (root / "data").mkdir()
    (root / "data" / "raw.parquet").write_text("the table of yesterday")
    return root


WAYS = {
    "sys.exit(0)": "ended the process: SystemExit: 0.",
    "sys.exit()": "ended the process: SystemExit.",
    "sys.exit(3)": "ended the process: SystemExit: 3.",
    "os._exit(0)": "ended the process: SystemExit: 0.",
    "{}['rows']": "failed: KeyError: 'rows'.",
    "raise BaseException('of its own')": "failed: BaseException: of its own.",
    "import click; raise click.exceptions.Exit(0)": "failed: Exit: 0.",
    "from bad import nothing": "failed: ImportError: cannot import name 'nothing' from 'bad'",
}


@pytest.mark.parametrize(("statement", "how"), WAYS.items(), ids=WAYS)
def test_a_plugins_failure_is_the_plugins(tmp_path: Path, statement: str, how: str) -> None:
    root = project(tmp_path, statement)
    done = mlops_with_site(root, "run", "ingest")
    place = f"where:    {tmp_path}/site/bad.py:{LINE}"
    assert_refused(done, ExitCode.PLUGIN, f"error: ingest/bad of bad 1.2 {how}", place)
    assert "the author of bad" in done.stderr
    written = root / ".mlops" / "failed-ingest.txt"
    assert str(written) in done.stderr
    assert statement.split("; ")[-1] in written.read_text()
    assert (root / "data" / "raw.parquet").read_text() == "the table of yesterday"


def test_a_wrong_return_value_is_the_plugins(tmp_path: Path) -> None:
    root = project(tmp_path, "pass")
    module = tmp_path / "site" / "bad.py"
    written = "        output.write_text('x')\n        return {'description': 'x'}\n"
    module.write_text(module.read_text().replace("        deep()\n", written, 1))
    done = mlops_with_site(root, "run", "ingest")
    assert_refused(done, ExitCode.PLUGIN, "returned dict", "ingest/bad of bad 1.2")


def test_a_library_that_is_missing_is_no_failure_of_the_plugin(tmp_path: Path) -> None:
    done = mlops_with_site(project(tmp_path, "import no_such_library"), "run", "ingest")
    assert_refused(done, ExitCode.CONFIGURATION, "needs 'no_such_library'", "bad 1.2")


@pytest.mark.parametrize("statement", ["sys.exit(0)", "{}['rows']"])
@pytest.mark.parametrize("command", [("predict", "x.csv", "-o", "y.parquet"), ("history",)])
def test_a_registry_that_fails_in_a_job_is_named(
    tmp_path: Path, statement: str, command: tuple[str, ...]
) -> None:
    root = project(tmp_path, statement)
    (root / "x.csv").write_text("a,b\n1,2\n")
    module = tmp_path / "site" / "bad.py"
    module.write_text(module.read_text() + "    def history(self, context):\n        deep()\n")
    done = mlops_with_site(
        root, command[0], *(part.replace("x.csv", str(root / "x.csv")) for part in command[1:])
    )
    assert_refused(done, ExitCode.PLUGIN, "register/bad of bad 1.2", f"bad.py:{LINE}")


def test_an_observer_that_ends_the_process_ends_nothing(tmp_path: Path) -> None:
    root = project(tmp_path, "sys.exit(0)", more=OBSERVER)
    done = mlops_with_site(root, "run", "ingest")
    place = f"({tmp_path}/site/bad.py:{LINE})"
    assert f"warning: observer 'bad' of bad 1.2: SystemExit: 0 {place}" in done.stderr
    assert done.returncode == ExitCode.PLUGIN


def test_a_failure_of_a_built_in_is_said_to_be_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from mlops_plugins.cli import main
    from mlops_plugins.stages.ingest.sample import Sample

    def fail(*_: object, **__: object) -> None:
        raise KeyError("rows")

    monkeypatch.setattr(Sample, "ingest", fail)
    root = project(tmp_path, "pass", ingest="sample")
    done = CliRunner().invoke(main, ["--project", str(root), "run", "ingest"])
    assert done.exit_code == ExitCode.BUG
    assert "error: ingest/sample of mlops-plugins 0" in done.stderr
    assert "failed: KeyError: 'rows'" in done.stderr
    assert "it is an error of mlops-plugins: report it with the traceback: " in done.stderr
    assert json.dumps("rows").strip('"') in (root / ".mlops" / "failed-ingest.txt").read_text()


@pytest.mark.parametrize("code", ["rows['nowhere']", "exit(0)", "raise ValueError('odd')"])
def test_a_projects_feature_code_that_fails_is_named(tmp_path: Path, code: str) -> None:
    import pandas as pd

    root = project(tmp_path, "pass")
    settings = YAML(typ="safe").load(root / "params.yaml")
    settings["features"] = {"name": "project", "package": "late"}
    YAML().dump(settings, root / "params.yaml")
    package = root / "src" / "late"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "features.py").write_text(f"def build(rows):\n    x = 1\n    {code}\n")
    column = "{{type: {}, nullable: false}}"
    columns = f"columns:\n  x: {column.format('number')}\n  late: {column.format('integer')}\n"
    (root / "schema.yaml").write_text(columns)
    (root / "data" / "splits").mkdir()
    for part in ("train", "test"):
        frame = pd.DataFrame({"x": [1.0, 2.0], "late": [0, 1]})
        frame.to_parquet(root / "data" / "splits" / f"{part}.parquet")
    done = mlops_with_site(root, "run", "features")
    what, where = "The feature code of the project", "where:    src/late/features.py:3"
    assert_refused(done, ExitCode.PLUGIN, what, where, "failed-features.txt")
