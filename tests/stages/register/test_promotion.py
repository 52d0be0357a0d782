"""Promotion, rollback, history and why: the same on MLflow's database, its server, and a folder."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins import Stage
from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.stages.register.actor import current_actor
from tests.helpers.registering import SUMMARY, Home, begun, refused
from tests.helpers.services import mlflow_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = "MLFLOW_TRACKING_URI"

INTERVAL = "roc_auc 0.8100 (0.7900 to 0.8300 at 95 %)"


@pytest.fixture(scope="module", params=["folder", "mlflow", "server"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A registry with two promoted versions and one that was kept, and the server that it is on."""
    folder = tmp_path_factory.mktemp("promotion")
    name = "folder" if request.param == "folder" else "mlflow"
    if request.param != "server":
        yield begun(Home.make(folder / "late", name))
        return
    with mlflow_server.running(folder / "server") as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SERVER, address)
        yield begun(Home.make(folder / "late", name))


@pytest.fixture
def home(kept: Home, request: pytest.FixtureRequest) -> Home:
    """Version 2 is champion, after version 1."""
    if kept.version() != "2":
        kept.done("promote", "2")
    return kept


@pytest.mark.slow
def test_a_promotion_is_explained(home: Home) -> None:
    entries = len(home.history())
    assert "reason" in refused(home, "promote", "3")[1]
    assert home.done("promote", "3", "--because", "it knows the new route") == (
        "version 3 is champion, after 2\n"
    )
    assert home.version() == "3"
    last = home.history()[-1]
    assert len(home.history()) == entries + 1
    assert (last["action"], last["from"], last["to"]) == ("promote", "2", "3")
    assert last["because"] == "it knows the new route"
    assert last["who"] == current_actor(home.root)
    assert not last["void"]
    assert last["evidence"] == files.digest(home.root / "reports/verdict.json")
    assert "it knows the new route" in home.done("history")
    assert home.done("rollback") == "version 2 is champion again, after 3\n"


@pytest.mark.slow
def test_a_rollback_goes_back_along_the_line_of_champions(home: Home) -> None:
    home.done("rollback", "--to", "1", "--because", "2 is wrong on Mondays")
    assert home.version() == "1"
    assert home.history()[-1]["because"] == "2 is wrong on Mondays"
    code, text = refused(home, "rollback")
    assert code == ExitCode.MODEL
    assert "no champion to go back to" in text
    assert "one of 2" in text
    home.done("promote", "3", "--because", "a try")
    home.done("promote", "2")
    home.done("rollback")
    assert home.version() == "3"
    home.done("rollback")
    assert home.version() == "1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["promote", "99"], ExitCode.MODEL, ["no version '99'", "one of 1, 2, 3"]),
        (["promote", "latest"], ExitCode.MODEL, ["no version 'latest'"]),
        (["promote", "2"], ExitCode.MODEL, ["Version 2 is champion already"]),
        (["promote", "champion"], ExitCode.MODEL, ["Version 2 is champion already"]),
        (["promote", "3"], ExitCode.MODEL, ["was not promoted", 'mlops promote 3 --because "..."']),
        (["rollback", "--to", "2"], ExitCode.MODEL, ["Version 2 was never champion, or is it now"]),
        (["rollback", "--to", "99"], ExitCode.MODEL, ["Version 99 was never champion"]),
        (["why", "99"], ExitCode.MODEL, ["no version '99'"]),
    ],
)
def test_what_cannot_be_is_refused(
    home: Home, words: list[str], code: ExitCode, said: list[str]
) -> None:
    found, text = refused(home, *words)
    assert found == code
    assert [part for part in said if part not in text] == []


@pytest.mark.slow
def test_why_knows_the_whole_chain_from_the_registry_alone(home: Home, tmp_path: Path) -> None:
    clone = Home(tmp_path / "clone")
    files.write_text(clone.root / "params.yaml", (home.root / "params.yaml").read_text())
    if SERVER not in os.environ:
        for name in ("models/registry", "mlflow.db", "mlartifacts"):
            if (home.root / name).exists():
                (clone.root / name).parent.mkdir(exist_ok=True)
                (clone.root / name).symlink_to(home.root / name)
    found = json.loads(clone.done("why", "champion", "--json"))
    assert found["version"] == "2"
    assert found["digest"] == home.champion().digest  # type: ignore[union-attr]
    assert found["aliases"] == ["champion"]
    assert found["data"]["sha256"] == "ab" * 32
    assert found["parameters"]["train"]["name"] == "sklearn"
    assert found["environment"]["libraries"].keys() >= {"scikit-learn", "mlops-plugins"}
    assert found["environment"]["lock"] == files.digest(home.root / "uv.lock")
    assert found["metrics"] == SUMMARY
    assert found["gate"]["decision"] == "promote"
    assert found["gate"]["champion"] == "1"
    assert found["history"]
    assert all("2" in (each["from"], each["to"]) for each in found["history"])
    text = clone.done("why", "2")
    for part in ("5,043 rows", "flights of 2013", "2013-01-01 to 2013-01-31", INTERVAL):
        assert part in text
    assert "promote, compared with version 1" in text


@pytest.mark.slow
def test_a_model_that_the_gate_blocks_later_is_not_promoted(home: Home) -> None:
    home.register(103, "block")
    code, text = refused(home, "promote", "3", "--because", "I want it")
    assert code == ExitCode.BLOCKED
    assert "The gate blocks version 3" in text
    home.register(103, "keep")
    assert json.loads(home.done("why", "3", "--json"))["gate"]["decision"] == "keep"


@pytest.mark.slow
def test_a_verdict_promotes_once(home: Home) -> None:
    home.register(104)
    version, entries = home.version(), home.history()
    assert "challenger, champion" in home.mlops("run", "register").stderr
    assert (home.version(), home.history()) == (version, entries)
    home.done("rollback")
    assert home.version() == "2"
    said = home.mlops("run", "register").stderr
    assert f"not again: `mlops promote {version}` does it" in said
    assert home.version() == "2"
    assert files.read_json(home.root / "reports/registration.json")["alias"] == "champion"


@pytest.mark.slow
def test_an_alias_that_is_behind_is_completed_by_the_next_command(home: Home) -> None:
    project = Project(home.root, lambda _: None)
    registry: Any = project.component(Stage.REGISTER)
    storage = registry.storage(project.context)
    storage.set_alias("champion", "1")
    result = home.mlops("history")
    assert "champion was version 1, and is 2 now, as the history says" in result.stderr
    assert home.version() == "2"
