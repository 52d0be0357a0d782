"""What is looked at before a champion changes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import BlockedError, MlopsError, ModelError
from mlops_plugins.artifacts.model_folder import describe, open_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlops_plugins.stages.register.history import History
    from mlops_plugins.stages.register.store import Storage, Version


def check_champion(storage: Storage, history: History, verdict: Mapping[str, Any]) -> None:
    """Make sure that the champion is the one that the gate saw, or this model itself.

    Raises:
        ModelError: It is another one.
    """
    current = storage.find(history.champion) if history.champion else None
    itself = current is not None and current.digest == verdict["model"]
    if history.champion != verdict["champion"] and not itself:
        raise ModelError(
            f"The champion is version {history.champion}, but the gate compared with {verdict['champion']}.",
            where="reports/verdict.json",
            next_step="dvc repro --force gate",
        )


def find(storage: Storage, version: str) -> Version:
    """Return a version by its number or an alias.

    Raises:
        ModelError: There is none.
    """
    known = storage.find(storage.aliases().get(version, version))
    if known is None:
        raise ModelError(
            f"There is no version '{version}'.",
            expected=_listed(each.number for each in storage.versions()),
            next_step="name one of them",
        )
    return known


def _listed(numbers: Iterable[str]) -> str:
    """Return the latest numbers in words."""
    listed = list(numbers)
    if not listed:
        return "none is registered yet"
    return ("one of ..., " if len(listed) > 20 else "one of ") + ", ".join(listed[-20:])


def target(history: History, version: str | None) -> str:
    """Return the version to roll back to.

    Raises:
        ModelError: There is none, or `version` was never champion.
    """
    if version is None and len(history.line) > 1:
        return history.line[-2]
    if version is not None and version in history.former:
        return version
    raise ModelError(
        "There is no champion to go back to."
        if version is None
        else f"Version {version} was never champion, or is it now.",
        where="the registry's history",
        expected=f"one of {', '.join(history.former)}" if history.former else "a former champion",
        next_step="`mlops history` shows who was champion; `mlops promote` takes any version",
    )


def check_verdict(version: Version, because: str) -> None:
    """Make sure that a version may be promoted by hand.

    Raises:
        BlockedError: Its newest verdict blocks it.
        ModelError: Its verdict was not `promote`, and there is no reason.
    """
    verdict = version.parsed_verdict
    decision, reasons = verdict.get("decision"), "; ".join(verdict.get("reasons", []))
    if decision == "block":
        raise BlockedError(
            f"The gate blocks version {version.number}: {reasons}.",
            next_step="`mlops why` shows its verdict; train a better one",
        )
    if decision != "promote" and not because:
        state = f"was not promoted by the gate: {reasons}" if verdict else "has no verdict"
        raise ModelError(
            f"Version {version.number} {state}.",
            expected="a reason to promote it all the same",
            next_step=f'mlops promote {version.number} --because "..."',
        )


def check_loads(storage: Storage, version: Version) -> None:
    """Make sure that a version can serve: its files are those registered, and open.

    Raises:
        ModelError: They are not.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            opened = open_model(storage.fetch(version.number, Path(folder)) / "model")
    except MlopsError as error:
        raise _unfit(version, str(error)) from error
    _check_digest(version, opened.digest)


def check_complete(storage: Storage, version: Version) -> None:
    """Make sure that a version's files arrived as they were sent; evaluating has opened them.

    Raises:
        ModelError: They did not.
    """
    with tempfile.TemporaryDirectory() as folder:
        described = describe(storage.fetch(version.number, Path(folder)) / "model")
    _check_digest(version, described.digest)


def _check_digest(version: Version, digest: str) -> None:
    if digest != version.digest:
        raise _unfit(
            version, f"its files have the digest {digest}, registered was {version.digest}"
        )


def _unfit(version: Version, why: str) -> ModelError:
    return ModelError(
        f"Version {version.number} cannot serve: {why}",
        next_step="choose another version; `mlops history` shows who was champion",
    )
