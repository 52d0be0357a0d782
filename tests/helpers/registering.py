"""A project that has a model to register, and its commands, in this process."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from mlops_plugins import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.cli.app import main
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing.artefacts import provide, scratch, verdict
from mlops_plugins.testing.contracts.report import COMPLETE
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.subject import Subject
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from click.testing import Result

    from mlops_plugins.api.contracts.register import Champion


SUMMARY = {"roc_auc": {"value": 0.81, "low": 0.79, "high": 0.83, "baseline": 0.5}}


@cache
def _registered() -> Path:
    """Return a project with a champion in a folder, to be copied."""
    home = Home.make(scratch() / "with-champion", "folder")
    home.register(100)
    shutil.copytree(provide(plain(), "data/splits"), home.root / "data/splits", dirs_exist_ok=True)
    return home.root


def with_champion(folder: Path) -> Home:
    """Make a project of one's own with a champion, and with the rows to score."""
    return Home(Path(shutil.copytree(_registered(), folder / "late")))


@dataclass(frozen=True)
class Home:
    """A project whose pipeline has run up to the gate."""

    root: Path

    @classmethod
    def make(cls, root: Path, name: str) -> Home:
        """Make one that registers in register/`name`."""
        Sandbox.make(
            root, Subject(plugin_manager().find(Stage.REGISTER, name)), plain(), project="late"
        )
        (root / "card.yaml").write_text(COMPLETE)
        return cls(root)

    def mlops(self, *words: str) -> Result:
        """Run a command."""
        return CliRunner().invoke(main, ["--project", str(self.root), *words])

    def done(self, *words: str) -> str:
        """Run a command that succeeds; return what it printed."""
        result = self.mlops(*words)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stdout

    def judged(self, rows: int, decision: str = "promote", champion: str | None = None) -> None:
        """Let the pipeline have made the model that says that it was trained on so many rows."""
        manifest = self.root / "models/model/manifest.json"
        files.write_json(manifest, files.read_json(manifest) | {"rows": rows})
        judged = verdict(self.root / "models/model", decision, champion)
        files.write_json(self.root / "reports/verdict.json", judged)
        files.write_json(self.root / "reports/run.json", {"digest": judged["model"]})

    def register(self, rows: int, decision: str = "promote") -> str:
        """Register another model, judged against today's champion; return what was said."""
        champion = self.champion()
        self.judged(rows, decision, champion.version if champion else None)
        result = self.mlops("run", "register")
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stderr

    def champion(self) -> Champion | None:
        """Return whom the alias names."""
        from mlops_plugins.runtime.jobs.project import Project

        project = Project(self.root, lambda _: None)
        found: Champion | None = project.component(Stage.REGISTER).champion(project.context)
        return found

    def version(self) -> str | None:
        """Return the version that the alias names."""
        champion = self.champion()
        return champion.version if champion else None

    def history(self) -> list[dict[str, Any]]:
        """Return what `mlops history --json` prints."""
        return list(json.loads(self.done("history", "--json")))

    def moves(self) -> list[tuple[str, str | None, str]]:
        """Return what was done, from which version to which, without what was void."""
        return [(e["action"], e["from"], e["to"]) for e in self.history() if not e["void"]]


def begun(home: Home) -> Home:
    """Register two models that are promoted, and one that is kept."""
    files.write_json(
        home.root / "reports/ingest.json",
        {
            "source": "flights of 2013",
            "details": {},
            "rows": 5043,
            "columns": {"dest": "string"},
            "sha256": "ab" * 32,
            "time": ["2013-01-01", "2013-01-31"],
        },
    )
    files.write_json(home.root / "reports/evaluation/summary.json", SUMMARY)
    (home.root / "uv.lock").write_text("version = 1\n")
    assert home.version() is None
    assert "version 1: challenger, champion" in home.register(101)
    assert "version 2: challenger, champion" in home.register(102)
    assert "version 3: challenger\n" in home.register(103, "keep")
    return home


def refused(home: Home, *words: str) -> tuple[int, str]:
    """Run a command that is refused and changes nothing; return its code and its text."""
    before = home.version(), home.history()
    result = home.mlops(*words)
    assert (home.version(), home.history()) == before
    assert "Traceback" not in result.stderr
    return result.exit_code, result.stderr
