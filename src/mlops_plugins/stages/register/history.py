"""The history of a registry's champion: a log that is only appended to, and what it adds up to.

Each entry names, by hash, the last valid entry that its writer saw. An entry whose `previous` is the
last valid one before it is valid; one that names an earlier one lost a race, and is void. So two
writers need no lock: the store only has to number the entries, and never to change one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from mlops_plugins.api.contracts.register import Change
from mlops_plugins.api.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = ""
"""What the first entry names as the one before it."""

ACTIONS = get_args(get_type_hints(Change)["action"])


@dataclass(frozen=True, kw_only=True)
class Entry(Change):
    """A change as the log keeps it.

    Attributes:
        previous: The hash of the last valid entry that its writer saw.
        verdict: The verdict whose SHA-256 is the evidence, as it was written; empty if there is none.
    """

    previous: str
    verdict: str = ""

    @property
    def sha256(self) -> str:
        """Return the hash of what the entry says; its number is the store's."""
        fields = [self.action, self.before, self.after, self.who, self.when, self.because]
        text = json.dumps([*fields, self.evidence, self.previous])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, str]:
        """Return it as text by key, for a store."""
        return {
            "action": self.action,
            "from": self.before or "",
            "to": self.after,
            "who": self.who,
            "when": self.when,
            "because": self.because,
            "evidence": self.evidence,
            "verdict": self.verdict,
            "previous": self.previous,
            "sha256": self.sha256,
        }

    @classmethod
    def from_dict(cls, number: int, fields: Mapping[str, Any]) -> Entry:
        """Return the entry that `to_dict` described.

        Raises:
            ModelError: It is none, or was changed.
        """
        try:
            entry = cls(
                number=number,
                action=fields["action"],
                before=fields["from"] or None,
                after=fields["to"],
                who=fields["who"],
                when=fields["when"],
                because=fields["because"],
                evidence=fields["evidence"],
                previous=fields["previous"],
                verdict=fields["verdict"],
            )
            sound = entry.sha256 == fields["sha256"] and entry.action in ACTIONS
            sound = sound and entry.evidence == digest(entry.verdict)
        except KeyError:
            sound = False
        if not sound:
            raise broken(number, "is not what was written")
        return entry


def digest(verdict: str) -> str:
    """Return the SHA-256 of a verdict's text; nothing of none."""
    return hashlib.sha256(verdict.encode()).hexdigest() if verdict else ""


def broken(number: int, how: str) -> ModelError:
    """Return the error about a history that was tampered with."""
    return ModelError(
        f"The history of the champion is broken: entry {number} {how}.",
        where=f"the registry's history, entry {number}",
        expected="entries that nobody changed or deleted",
        next_step="restore it from a backup, or rename it: the next command begins a new one",
    )


@dataclass(frozen=True)
class History:
    """The log, read to its end.

    Attributes:
        entries: Every entry in order; those that lost a race are marked void.
        line: The champions that led to today's, oldest first: promotions lengthen it, and a
            rollback takes back what came after the version that it returns to.
        head: The hash of the last valid entry.
    """

    entries: tuple[Entry, ...] = ()
    line: tuple[str, ...] = ()
    head: str = START

    @property
    def champion(self) -> str | None:
        """Return the champion's version."""
        return self.line[-1] if self.line else None

    @property
    def former(self) -> list[str]:
        """Return every version that was champion and is not, the latest first."""
        versions = dict.fromkeys(entry.after for entry in reversed(self.valid))
        return [version for version in versions if version != self.champion]

    @property
    def valid(self) -> list[Entry]:
        """Return the entries that had an effect."""
        return [entry for entry in self.entries if not entry.void]


def fold(log: Iterable[Entry]) -> History:
    """Read a log to its end.

    Raises:
        ModelError: An entry names one before it that is not there.
    """
    entries: list[Entry] = []
    line: list[str] = []
    head, known = START, {START}
    for entry in sorted(log, key=lambda each: each.number):
        if entry.previous not in known:
            raise broken(entry.number, "follows one that is not there")
        entries.append(replace(entry, void=entry.previous != head))
        if entry.previous == head:
            head = entry.sha256
            known.add(head)
            line = _moved(line, entry)
    return History(tuple(entries), tuple(line), head)


def _moved(line: list[str], entry: Entry) -> list[str]:
    if entry.action == "rollback" and entry.after in line:
        last = len(line) - line[::-1].index(entry.after)
        return line[:last]
    return [*line, entry.after]
