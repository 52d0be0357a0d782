"""A registry over any store: what registering, promoting and rolling back mean, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files
from mlops_plugins.stages.register.actor import current_actor
from mlops_plugins.stages.register.checks import (
    check_champion,
    check_complete,
    check_loads,
    check_verdict,
    find,
    target,
)
from mlops_plugins.stages.register.history import History, digest, fold
from mlops_plugins.stages.register.store import CHALLENGER, CHAMPION, Package
from mlops_plugins.stages.register.transitions import change, recovered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.register import Change
    from mlops_plugins.stages.register.store import Storage


class PromotingRegistry(Component):
    """Registers what the gate lets through, and knows who was champion, since when and why."""

    def storage(self, context: Context) -> Storage:
        """Return the store; make it if there is none."""
        raise NotImplementedError

    def exists(self, context: Context) -> bool:
        """Say whether there is a store yet."""
        raise NotImplementedError

    def name(self, context: Context) -> str:
        """Return the name under which models are registered."""
        return context.project

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
        """Register the model as challenger, and make it champion if its verdict says so.

        A verdict promotes once: what was rolled back since stays so.

        Raises:
            ModelError: The verdict is about another model, or compared with another champion.
        """
        package = Package(
            model=model,
            reference=reference,
            report=report,
            lineage=lineage,
            digest=files.digest(model),
            verdict=verdict.read_text(encoding="utf-8"),
            run=(files.read_json_if_any(run) or {}).get("digest", ""),
        )
        content = files.read_json(verdict)
        if content["model"] != package.digest:
            raise ModelError(
                "The verdict is about another model.", where=str(verdict), next_step="dvc repro"
            )
        alias = None
        if content["decision"] == "block":
            context.log("blocked by the gate: not registered")
            if self.exists(context):
                _update_known(self.storage(context), package)
        else:
            alias = CHAMPION if content["decision"] == "promote" else CHALLENGER
            self._register(context, package, content)
        files.write_json(
            output, {"name": self.name(context), "digest": package.digest, "alias": alias}
        )

    def champion(self, context: Context) -> Champion | None:
        """Return the version that the alias names."""
        if not self.exists(context):
            return None
        storage = self.storage(context)
        version = storage.find(storage.aliases().get(CHAMPION, ""))
        if version is None:
            return None
        return Champion(
            version=version.number,
            digest=version.digest,
            fetch=lambda folder: storage.fetch(version.number, folder),
        )

    def promote(self, context: Context, *, version: str, because: str) -> Change:
        """Make a registered version champion.

        Raises:
            ModelError: There is no such version, it is champion already, its files do not load, it
                its verdict is not `promote` and there is no reason, or another promotion was faster.
            BlockedError: Its verdict blocks it.
        """
        storage, history = self._recovered(context)
        chosen = find(storage, version)
        if chosen.number == history.champion:
            raise ModelError(
                f"Version {chosen.number} is champion already.", next_step="look at `mlops history`"
            )
        check_verdict(chosen, because)
        check_loads(storage, chosen)
        reason = because or "; ".join(chosen.parsed_verdict["reasons"])
        return change(
            storage, history, "promote", chosen, because=reason, actor=current_actor(context.root)
        )

    def rollback(self, context: Context, *, version: str | None, because: str) -> Change:
        """Make the previous champion, or the former one that `version` names, champion again.

        Raises:
            ModelError: There is no such champion, its files do not load, or another was faster.
        """
        storage, history = self._recovered(context)
        chosen = find(storage, target(history, version))
        check_loads(storage, chosen)
        reason = because or f"back from version {history.champion}"
        return change(
            storage, history, "rollback", chosen, because=reason, actor=current_actor(context.root)
        )

    def history(self, context: Context) -> list[Change]:
        """Return every change of the champion, oldest first."""
        return list(self._recovered(context)[1].entries) if self.exists(context) else []

    def why(self, context: Context, *, version: str) -> Mapping[str, Any]:
        """Return where a version comes from: see `mlops_plugins.api.contracts.register.Register.why`.

        Raises:
            ModelError: There is no such version.
        """
        storage = self._opened(context)
        chosen = find(storage, version)
        changes = fold(storage.entries()).entries
        number = chosen.number
        return {
            "version": number,
            "digest": chosen.digest,
            "aliases": sorted(name for name, named in storage.aliases().items() if named == number),
            **storage.lineage(number),
            "gate": chosen.parsed_verdict or None,
            "history": [each for each in changes if number in (each.before, each.after)],
        }

    def _opened(self, context: Context) -> Storage:
        if not self.exists(context):
            raise ModelError(
                f"Nothing is registered as '{self.name(context)}' yet.",
                next_step="`dvc repro` trains and registers a model",
            )
        return self.storage(context)

    def _recovered(self, context: Context) -> tuple[Storage, History]:
        storage = self._opened(context)
        return storage, recovered(storage, current_actor(context.root), context.log)

    def _register(self, context: Context, package: Package, verdict: Mapping[str, Any]) -> None:
        storage, name = self.storage(context), self.name(context)
        history = recovered(storage, current_actor(context.root), context.log)
        check_champion(storage, history, verdict)
        number = _update_known(storage, package) or storage.add(package)
        storage.set_alias(CHALLENGER, number)
        promoted = verdict["decision"] == "promote"
        earlier = _promoted_by(history, number, package.verdict)
        if not promoted or history.champion == number:
            aliases = [CHALLENGER, *([CHAMPION] if promoted else [])]
            context.log(f"{name} version {number}: {', '.join(aliases)}")
        elif earlier is not None:
            context.log(
                f"{name} version {number}: promoted by this verdict before (entry {earlier} of the "
                f"history), and not again: `mlops promote {number}` does it"
            )
        else:
            version = find(storage, number)
            check_complete(storage, version)
            reason = "; ".join(verdict["reasons"])
            change(
                storage,
                history,
                "promote",
                version,
                because=reason,
                actor=current_actor(context.root),
            )
            context.log(f"{name} version {number}: {CHALLENGER}, {CHAMPION}")


def _update_known(storage: Storage, package: Package) -> str | None:
    """Return the version that holds this very model, its verdict renewed; None if none does."""
    for version in storage.versions():
        if version.digest == package.digest:
            if version.verdict != package.verdict:
                storage.set_verdict(version.number, package.verdict)
            return version.number
    return None


def _promoted_by(history: History, number: str, verdict: str) -> int | None:
    """Return the entry by which this verdict made the version champion; None if none did."""
    evidence = digest(verdict)
    for entry in history.valid:
        if (entry.action, entry.after, entry.evidence) == ("promote", number, evidence):
            return entry.number
    return None
