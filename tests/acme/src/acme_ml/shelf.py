"""What was found and what is kept: a ledger of results, and a shelf of models."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, Field, ModelError
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.toolkit import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins import Context
    from mlops_plugins.api.contracts.track import Result

ALIASES = {"promote": "champion", "keep": "challenger", "block": None}


class Ledger(Component):
    """Keeps one line for each distinct result."""

    path: str = Field("runs.jsonl", min_length=1, description="The file, below the project.")

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Append the result unless its digest is in the ledger already."""
        ledger = context.home / self.path
        lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []
        if result.digest not in {json.loads(line)["digest"] for line in lines}:
            kept = {"digest": result.digest, "name": result.name, "metrics": dict(result.metrics)}
            ledger.parent.mkdir(parents=True, exist_ok=True)
            with ledger.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({**kept, "params": dict(result.params)}) + "\n")
        # Nothing that differs from ledger to ledger: DVC would see another result in each clone.
        files.write_json(output, {"digest": result.digest})


class Shelf(Component):
    """Keeps each version in a folder with its number for a name, and says which is champion."""

    folder: str = Field("registry", min_length=1, description="The shelf, below the project.")

    def register(
        self,
        context: Context,
        *,
        model: Path,
        reference: Path,
        verdict: Path,
        run: Path,
        report: Path,
        lineage: Mapping[str, Any],
        output: Path,
    ) -> None:
        """Put the model on the shelf unless it is blocked, and make it champion if promoted."""
        judged, digest = files.read_json(verdict), files.digest(model)
        if judged["model"] != digest:
            raise ModelError(
                "The verdict is about another model.", where=str(verdict), next_step="dvc repro"
            )
        alias = ALIASES[judged["decision"]]
        if alias is not None:
            self._check_champion(context, judged)
            version = self._find(context, digest) or self._add(
                context, model, reference, run, report, lineage
            )
            if alias == "champion":
                files.write_json(self._shelf(context) / "champion.json", {"version": version})
            context.log(f"version {version}: {alias}")
        files.write_json(output, {"digest": digest, "alias": alias})

    def champion(self, context: Context) -> Champion | None:
        """Return the version that `champion.json` names."""
        shelf = self._shelf(context)
        if not (shelf / "champion.json").exists():
            return None
        version = str(files.read_json(shelf / "champion.json")["version"])
        return Champion(
            version=version,
            digest=files.read_json(shelf / version / "version.json")["digest"],
            fetch=lambda folder: shutil.copytree(shelf / version, folder, dirs_exist_ok=True),
        )

    def _shelf(self, context: Context) -> Path:
        return context.home / self.folder

    def _check_champion(self, context: Context, judged: dict[str, Any]) -> None:
        """Stop if the champion is neither the one that the gate saw nor this model itself."""
        current = self.champion(context)
        version = current.version if current else None
        itself = current is not None and current.digest == judged["model"]
        if version != judged["champion"] and not itself:
            raise ModelError(
                f"The champion is version {version}, and the gate saw {judged['champion']}.",
                where="reports/verdict.json",
                next_step="dvc repro --force gate",
            )

    def _find(self, context: Context, digest: str) -> str | None:
        """Return the version that is this very model, if there is one."""
        for path in self._shelf(context).glob("*/version.json"):
            if files.read_json(path)["digest"] == digest:
                return path.parent.name
        return None

    def _add(
        self,
        context: Context,
        model: Path,
        reference: Path,
        run: Path,
        report: Path,
        lineage: Mapping[str, Any],
    ) -> str:
        """Put the model, and what monitoring compares with, into the next folder."""
        shelf = self._shelf(context)
        version = str(
            1 + max((int(each.parent.name) for each in shelf.glob("*/version.json")), default=0)
        )
        about = {"digest": files.digest(model), "run": files.read_json(run)["digest"]}
        with files.replacing(shelf / version) as draft:
            shutil.copytree(model, draft / "model")
            shutil.copytree(report, draft / "report")
            shutil.copyfile(reference, draft / "reference.parquet")
            files.write_json(draft / "version.json", about)
            files.write_json(draft / "lineage.json", lineage)
        return version
