"""A project that has a model to register, and its commands, in this process."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from mlops_plugins import Stage, files
from mlops_plugins.cli import main
from mlops_plugins.params import FILE
from mlops_plugins.registry import registry
from mlops_plugins.testing.artefacts import verdict
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.subject import Subject
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from mlops_plugins.stages import Champion


@dataclass(frozen=True)
class Home:
    """A project whose pipeline has run up to the gate."""

    root: Path

    @classmethod
    def make(cls, root: Path, name: str) -> Home:
        """Make one that registers in register/`name`."""
        Sandbox.make(root, Subject(registry().find(Stage.REGISTER, name)), plain(), project="late")
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
        from mlops_plugins.jobs import Project

        project = Project(self.root, lambda _: None)
        found: Champion | None = project.implementation(Stage.REGISTER).champion(project.context)
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


def rewritten(root: Path, old: str, new: str) -> None:
    """Change the project's parameters."""
    text = (root / FILE).read_text()
    assert re.search(old, text)
    (root / FILE).write_text(re.sub(old, new, text))
