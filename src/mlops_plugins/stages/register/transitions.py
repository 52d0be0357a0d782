"""Changing the champion, in an order that survives a kill at any step.

The entry in the history is the change; the alias, which readers use, follows it. Killed between the
two, the alias is behind: it still names a model that loads, and the next command moves it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from mlops_plugins.api.errors import ModelError
from mlops_plugins.stages.register.history import Entry, History, digest, fold
from mlops_plugins.stages.register.store import CHAMPION

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_plugins.stages.register.store import Storage, Version

    Action = Literal["promote", "rollback", "bootstrap"]

UNEXPLAINED = "champion before there was a history"


def recovered(storage: Storage, actor: str, log: Callable[[str], None]) -> History:
    """Return the history, after finishing what a killed command left undone.

    A champion that no history explains, as of a registry older than it, becomes its first entry.
    """
    history = fold(storage.entries())
    alias = storage.aliases().get(CHAMPION)
    if history.champion is None and alias is not None:
        version = storage.find(alias)
        verdict = version.verdict if version else ""
        storage.append(_entry(history, "bootstrap", alias, verdict, UNEXPLAINED, actor))
        history = fold(storage.entries())
    if history.champion is not None and alias != history.champion:
        log(f"champion was version {alias}, and is {history.champion} now, as the history says")
    return _with_alias_moved(storage, history)


def change(
    storage: Storage,
    history: History,
    action: Action,
    version: Version,
    *,
    because: str,
    actor: str,
) -> Entry:
    """Make a version champion, whose files are known to load; return the entry.

    Args:
        storage: Where.
        history: What was read before it was decided to do this.
        action: How.
        version: Which.
        because: The reason.
        actor: By whom.

    Raises:
        ModelError: Another change was made since the history was read.
    """
    entry = _entry(history, action, version.number, version.verdict, because, actor)
    storage.append(entry)
    now = _with_alias_moved(storage, fold(storage.entries()))
    # By its hash: an answer that is lost lets a client send the same entry twice.
    mine = [each for each in now.valid if each.sha256 == entry.sha256]
    if mine:
        return mine[0]
    other = now.valid[len(history.valid)]
    raise ModelError(
        f"Another {other.action} was faster: version {other.after} is champion since "
        f"{other.when}, by {other.who}.",
        where="the registry's history",
        next_step="look at `mlops history`; if yours is still right, do it again",
    )


def _entry(
    history: History, action: Action, version: str, verdict: str, because: str, actor: str
) -> Entry:
    return Entry(
        number=0,
        action=action,
        before=history.champion,
        after=version,
        who=actor,
        when=datetime.now(UTC).isoformat(timespec="microseconds"),
        because=because,
        evidence=digest(verdict),
        previous=history.head,
        verdict=verdict,
    )


def _with_alias_moved(storage: Storage, history: History) -> History:
    """Let the alias name the history's champion; return the history by which it does.

    Whoever sets the alias reads the log again: of two that set it at once, the later one sees both.
    """
    while history.champion is not None and storage.aliases().get(CHAMPION) != history.champion:
        storage.set_alias(CHAMPION, history.champion)
        history = fold(storage.entries())
    return history
