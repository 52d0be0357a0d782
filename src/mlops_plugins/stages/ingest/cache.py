"""What was read before: tables that need not be read again, in `.mlops/cache/ingest/`.

Deleting the folder costs time only. What is damaged there is read again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlops_plugins.api.context import Context

FOLDER = ".mlops/cache/ingest"

FORMAT = 1
"""Raise it when the same file or rows would be read otherwise."""


@dataclass(frozen=True)
class CachedTable:
    """A table in the cache, and the details that belong to it."""

    path: Path
    details: dict[str, Any]


@dataclass(frozen=True)
class Cache:
    """A folder of tables by key; `used` collects those that this run has needed."""

    folder: Path
    used: set[str] = field(default_factory=set)

    def get(self, key: str) -> CachedTable | None:
        """Return the table of a key, if there is one and it is complete."""
        self.used.add(key)
        table, described = self._paths(key)
        try:
            details = files.read_json(described)
            if files.digest(table) == details["table"]:
                return CachedTable(table, details["details"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def put(self, key: str, make: Callable[[Path], dict[str, Any]]) -> CachedTable:
        """Store the table that `make` writes, with the details that it returns."""
        self.used.add(key)
        table, described = self._paths(key)
        with files.replacing(table) as draft:
            details = make(draft)
        files.write_json(described, {"table": files.digest(table), "details": details})
        return CachedTable(table, details)

    def prune(self) -> None:
        """Drop what this run has not needed."""
        for item in self.folder.iterdir():
            if item.suffix in (".parquet", ".json") and item.stem not in self.used:
                item.unlink()

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.parquet", self.folder / f"{key}.json"


@contextmanager
def opened(context: Context, name: str) -> Iterator[Cache]:
    """Give the project's cache of one implementation, to one run at a time."""
    from filelock import FileLock

    folder = context.home / FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f"{name}.lock"):
        cache = Cache(folder)
        yield cache
        cache.prune()


def key(*parts: Any) -> str:
    """Return a key made of everything that decides what is read."""
    text = json.dumps([FORMAT, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
