"""`kill -9` at random moments of what changes the champion: there is one that loads, and is explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.load import repeated
from tests.helpers.projects import ROOT, UNMEASURED
from tests.helpers.services import mlflow_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def killed(registry: str, kills: int, **environment: str) -> dict[str, int]:
    """Kill each of promote, rollback and register so often; return what was left, by kind."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killing", registry, str(kills), "20130630"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **UNMEASURED, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout)
    for action in ("promote", "rollback", "register"):
        assert found[f"{action} killed"] == kills
    return found


def test_on_a_database_the_champion_is_explained_whenever_a_command_is_killed() -> None:
    kills = repeated(12, full=100)
    found = killed("mlflow", kills)
    for action in ("promote", "rollback", "register"):
        # The moments were before the history's entry, and between it and the alias.
        assert found[f"{action} not begun"] > 0.1 * kills
        assert found[f"{action} behind"] > 0
    assert found["register again"] > 0.05 * kills


def test_in_a_folder_the_champion_is_explained_whenever_a_command_is_killed() -> None:
    kills = repeated(12, full=20)
    found = killed("folder", kills)
    assert all(
        found[f"{action} not begun"] > 0.1 * kills for action in ("promote", "rollback", "register")
    )


def test_on_a_server_the_champion_is_explained_whenever_a_command_is_killed(
    tmp_path: Path,
) -> None:
    with mlflow_server.running(tmp_path) as address:
        killed("mlflow", repeated(4, full=6), MLFLOW_TRACKING_URI=address)
