"""The trials of one search, kept as they end, so that a search that was killed goes on.

One line of JSON for each, appended and synced: a kill leaves at most a last line that is cut short,
which is dropped. Nothing is written when a trial begins, so none is ever half there.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts.tune import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlops_plugins.api.context import Context

FOLDER = ".mlops/cache/tuning"
FILE = "trials.jsonl"


@dataclass
class Journal:
    """What is kept of a search.

    Attributes:
        path: The file.
        trials: The trials that ended, by number.
        seconds: How long was searched until the last of them ended.
    """

    path: Path
    trials: dict[int, Trial] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, trial: Trial, seconds: float) -> None:
        """Keep a trial that ended when the search had taken so many seconds in all."""
        line = json.dumps({**asdict(trial), "seconds": seconds}) + "\n"
        with self.path.open("ab") as stream:
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._take(json.loads(line))

    def read(self) -> None:
        """Read what is there, and cut off what a kill left."""
        content = self.path.read_bytes() if self.path.exists() else b""
        complete = content[: content.rfind(b"\n") + 1]
        if len(complete) < len(content):
            with self.path.open("rb+") as stream:
                stream.truncate(len(complete))
        for line in complete.splitlines():
            self._take(json.loads(line))

    def _take(self, line: dict[str, Any]) -> None:
        self.seconds = max(self.seconds, line.pop("seconds"))
        trial = Trial(**{**line, "folds": tuple(line["folds"])})
        self.trials[trial.number] = trial


@contextmanager
def opened(context: Context, fingerprint: Any) -> Iterator[Journal]:
    """Give the journal of the search with this fingerprint; no other process has it meanwhile.

    It is in the project's cache: deleting it costs the search's time, and nothing else.
    """
    from filelock import FileLock, Timeout

    digest = hashlib.sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
    folder = context.home / FOLDER / digest[:32]
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        context.log("another process makes the same search: waiting for it")
        lock.acquire()
    try:
        journal = Journal(folder / FILE)
        journal.read()
        yield journal
    finally:
        lock.release()
