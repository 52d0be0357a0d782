"""`mlops dag --write` in a project of an earlier version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from mlops_plugins.cli import main

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = """\
stages:
  compose:
    cmd: {command}
    deps:
      - conf  # ours
    outs:
      - params.yaml
"""


def written(root: Path, command: str) -> tuple[str, dict[str, Any]]:
    """Let the command write the stages; return what it said, and the stage compose."""
    (root / "conf").mkdir(exist_ok=True)
    (root / "conf" / "config.yaml").write_text("defaults: []\n")
    if not (root / "dvc.yaml").exists():
        (root / "dvc.yaml").write_text(BEFORE.format(command=command))
    done = CliRunner().invoke(main, ["--project", str(root), "dag", "--write"])
    assert done.exit_code == 0, done.output
    stage: dict[str, Any] = YAML(typ="safe").load(root / "dvc.yaml")["stages"]["compose"]
    return done.stderr, stage


def test_compose_runs_always_from_then_on(tmp_path: Path) -> None:
    said, stage = written(tmp_path, "mlops compose")
    assert "compose: always_changed: true\n" in said
    assert stage["always_changed"] is True
    assert "- conf  # ours" in (tmp_path / "dvc.yaml").read_text()
    assert "dvc.yaml has every stage already" in written(tmp_path, "mlops compose")[0]


@pytest.mark.parametrize("kept", ["mlops compose\n    always_changed: false", "make params"])
def test_what_a_team_decided_stays(tmp_path: Path, kept: str) -> None:
    said, stage = written(tmp_path, kept)
    assert "always_changed" not in said
    assert not stage.get("always_changed")
