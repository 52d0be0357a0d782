"""Register: hold the models, and know which one is champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import MODEL, REFERENCE, REPORT
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Register(Protocol):
    """Hold the models, and know which one is champion."""

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
        """Make the model a version with the alias its verdict gives; write `digest` and `alias`.

        `reference` is the table of scored test rows that monitoring will compare with: keep it beside
        the model, and `report`, with the model card, and `lineage`: plain data that say what the model
        was made from, by which code, parameters and libraries, and what it reached. The output must be the same in each
        registry, or DVC sees another result.

        Raises:
            ModelError: The verdict is about another model, or about another champion than today's.
        """
        ...

    def champion(self, context: Context) -> Champion | None:
        """Return the champion, or None while there is none."""
        ...

    def promote(self, context: Context, *, version: str, because: str) -> Change:
        """Make a registered version champion.

        Raises:
            ModelError: There is no such version, it is champion already, its files do not load, it
                was not judged `promote` and there is no reason, or another promotion was faster.
            BlockedError: Its verdict blocks it.
        """
        ...

    def rollback(self, context: Context, *, version: str | None, because: str) -> Change:
        """Make the previous champion, or the former one that `version` names, champion again.

        Raises:
            ModelError: There is no such champion, its files do not load, or another was faster.
        """
        ...

    def history(self, context: Context) -> list[Change]:
        """Return every change of the champion, oldest first; those that lost a race are `void`."""
        ...

    def why(self, context: Context, *, version: str) -> Mapping[str, Any]:
        """Return where a version (or an alias) comes from, from the registry alone, as plain data.

        Keys: `version`, `digest`, `aliases`, the keys of its lineage, `gate` (its newest verdict) and
        `history` (the changes that concern it).

        Raises:
            ModelError: There is no such version.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that serves.

    Attributes:
        version: Its version in the registry.
        digest: The SHA-256 of its folder, as `mlops_plugins.artifacts.files.digest` computes it.
        fetch: Fills an empty folder with `model/` and `reference.parquet`, and returns it.
    """

    version: str
    digest: str
    fetch: Callable[[Path], Path]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the champion.

    Attributes:
        number: Its place in the history, from 1.
        action: What was done; `bootstrap` found a champion that no history explained.
        before: The champion's version until then, or None.
        after: The champion's version from then.
        who: Who did it.
        when: The time in UTC, ISO 8601.
        because: The reason in words.
        evidence: The SHA-256 of the verdict on the version; empty if it has none.
        void: Another change was faster, and this one has no effect.
    """

    number: int
    action: Literal["promote", "rollback", "bootstrap"]
    before: str | None
    after: str
    who: str
    when: str
    because: str
    evidence: str
    void: bool = False


CONTRACT: Final = Contract(
    stage="register",
    protocol=Register,
    inputs={
        "model": MODEL,
        "reference": REFERENCE,
        "verdict": "reports/verdict.json",
        "run": "reports/run.json",
        "report": REPORT,
    },
    outputs={"output": "reports/registration.json"},
    added=frozenset({"reference", "report", "lineage"}),
    optional=frozenset({"promote", "rollback", "history", "why"}),
    parameters=("project",),
    needs=("lineage",),
    external=True,
    reads=("reports/evaluation",),
    wrapper="mlops_plugins.runtime.wrappers:register",
    note="As track, it writes to a system that is not DVC's.",
    may_miss=frozenset({"run", "report"}),
    formats=formats.REGISTER,
)
