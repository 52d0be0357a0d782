"""A project folder in which what a stage needs is there, and the stage run in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.paths import EVALUATION, METRICS, MODEL
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, tables
from mlops_plugins.config.params import FILE, Params
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.executor import execute
from mlops_plugins.testing.artefacts import (
    MANIFEST,
    PACKAGE,
    PROJECT,
    SEED,
    VALIDATION,
    VERDICT,
    context,
    provide,
    write_package,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.stage import Contract
    from mlops_plugins.testing.subject import Subject
    from mlops_plugins.testing.tables import Case

CHOSEN: Mapping[Stage, Mapping[str, Any]] = {
    Stage.INGEST: {"name": "sample"},
    Stage.VALIDATE: {"name": "pandera"},
    Stage.PROFILE: {"name": "table"},
    Stage.SPLIT: {"name": "random"},
    Stage.FEATURES: {"name": "project", "package": PACKAGE},
    Stage.TUNE: {"name": "none"},
    Stage.TRAIN: {"name": "sklearn"},
    Stage.EVALUATE: {"name": "metrics"},
    Stage.EXPLAIN: {"name": "permutation"},
    Stage.GATE: {"name": "champion"},
    Stage.REPORT: {"name": "page"},
    Stage.TRACK: {"name": "none"},
    Stage.REGISTER: {"name": "mlflow"},
}
"""What `params.yaml` says of the stages that are not checked."""

GATHERED = ("data/raw.parquet", MANIFEST, VALIDATION, MODEL, METRICS, EVALUATION, VERDICT)
"""What a tracker's result is gathered from."""


@dataclass(frozen=True)
class Sandbox:
    """A project of its own for one implementation and one table."""

    root: Path
    subject: Subject
    case: Case
    project: str = PROJECT

    @classmethod
    def make(cls, root: Path, subject: Subject, case: Case, *, project: str = PROJECT) -> Sandbox:
        """Fill an empty folder with what the subject's stage needs."""
        made = cls(root, subject, case, project)
        root.mkdir(parents=True, exist_ok=True)
        write_package(root)
        files.write_json(root / FILE, made.tree)
        gathered = GATHERED if subject.stage == Stage.TRACK else ()
        for path in {*made.contract.inputs.values(), *gathered}:
            copy(provide(case, path), root / path)
        return made

    @property
    def tree(self) -> dict[str, Any]:
        """Return what `params.yaml` holds."""
        data = {**vars(self.case.data), "sensitive": list(self.case.data.sensitive)}
        tree: dict[str, Any] = {"project": self.project, "seed": SEED, "threads": 1, "data": data}
        tree |= {stage.value: section for stage, section in CHOSEN.items()}
        tree[self.stage] = {"name": self.subject.name, **self.subject.options}
        return tree

    @property
    def params(self) -> Params:
        """Return the parameters, with the subject as the stage's component.

        Raises:
            ConfigurationError: One of the subject's options is missing or wrong.
        """
        where = f"checks(options={{'{self.subject}': ...}})"
        made = Params(self.tree, where=where)
        made.component(self.stage, where=where)
        return made

    @property
    def contract(self) -> Contract:
        """Return what the stage is, as it was declared."""
        return plugin_manager().contract(self.stage)

    @property
    def stage(self) -> str:
        """Return the stage that is run here."""
        return self.subject.stage

    @property
    def context(self) -> Context:
        """Return the stage's context."""
        return replace(context(self.root, self.case), project=self.project)

    def __getitem__(self, name: str) -> Path:
        """Return the path of an input, output or kept file by its parameter's name."""
        promised = self.contract
        return self.root / {**promised.inputs, **promised.kept, **promised.outputs}[name]

    @property
    def outputs(self) -> dict[str, Path]:
        """Return the paths of the outputs by parameter."""
        return {name: self[name] for name in self.contract.outputs}

    def run(self, *, into: Path | None = None, **extra: Any) -> None:
        """Run the stage on what is there.

        Args:
            into: Where the outputs go, each at the path that a project has it; this one if None.
            extra: What the stage is given beside files, instead of the suite's own.
        """
        execute(
            self.contract, self.context, self.params, into=into, given={**self._given(), **extra}
        )

    def _given(self) -> dict[str, Any]:
        """Return what the suite gives instead of the runtime: here no model was ever promoted."""
        return {"champion": lambda: None} if "champion" in self.contract.needs else {}

    def alter(self, path: str, change: Callable[[pa.Table], pa.Table]) -> None:
        """Rewrite a table of this project."""
        tables.write(change(tables.read(self.root / path)), self.root / path)

    def content(self) -> dict[str, str]:
        """Return the hash of every file, by its path."""
        return content(self.root)


def content(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a folder, by its path."""
    return {
        item.relative_to(folder).as_posix(): files.digest(item)
        for item in sorted(folder.rglob("*"))
        if item.is_file()
    }


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Say which files are new, gone or changed; nothing if none is."""
    words = [f"{name} is new" for name in sorted(after.keys() - before.keys())]
    words += [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    both = sorted(after.keys() & before.keys())
    words += [f"{name} has changed" for name in both if before[name] != after[name]]
    return ", ".join(words)


def copy(source: Path, target: Path) -> None:
    """Copy a file or folder, with the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
