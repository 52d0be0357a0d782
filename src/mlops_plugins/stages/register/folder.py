"""A registry in a folder: versions, aliases and history as files, for teams without MLflow.

    versions/1/          model/, report/, reference.parquet, lineage.json, version.json, verdict.json
    history/000001.json  one file an entry; none is ever changed
    aliases/champion     the number of a version

Each appears in one step, so that a killed process leaves nothing half done, and no lock is needed.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files
from mlops_plugins.stages.register.history import Entry
from mlops_plugins.stages.register.model_registry import PromotingRegistry
from mlops_plugins.stages.register.store import LINEAGE, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.register.store import Package, Storage


class FolderRegistry(PromotingRegistry):
    """Registers what the gate lets through in a folder, with the history of its champion."""

    path: str = Field(
        "models/registry",
        min_length=1,
        description="The folder, below the project; a path from / on for one that is shared.",
    )

    def storage(self, context: Context) -> Storage:
        """Return the folder's store."""
        return FolderStore(context.home / self.path)

    def exists(self, context: Context) -> bool:
        """Say whether there is a folder."""
        return (context.home / self.path).exists()


class FolderStore:
    """Versions, aliases and a log below one folder."""

    def __init__(self, root: Path) -> None:
        self._versions, self._log = root / "versions", root / "history"
        self._aliases = root / "aliases"

    def versions(self) -> list[Version]:
        """Return every version, oldest first."""
        versions = [self.find(str(number)) for number in _numbers(self._versions)]
        return [version for version in versions if version is not None]

    def find(self, number: str) -> Version | None:
        """Return a version, or None if there is none of this number."""
        folder = self._versions / number
        if not number.isdecimal() or not folder.is_dir():
            return None
        return Version(
            number=number,
            digest=files.read_json(folder / "version.json")["digest"],
            verdict=(folder / "verdict.json").read_text(encoding="utf-8"),
        )

    def add(self, package: Package) -> str:
        """Fill a folder beside, and give it the next free number."""
        with _scratch(self._versions) as scratch:
            draft = scratch / "version"
            draft.mkdir()
            package.write(draft)
            files.write_json(draft / "version.json", {"digest": package.digest, "run": package.run})
            files.write_text(draft / "verdict.json", package.verdict)
            number = _numbered(self._versions, lambda n: draft.rename(self._versions / str(n)))
            return str(number)

    def set_verdict(self, number: str, verdict: str) -> None:
        """Replace the newest verdict on a version."""
        files.write_text(self._versions / number / "verdict.json", verdict)

    def entries(self) -> list[Entry]:
        """Return the log."""
        numbers = _numbers(self._log)
        return [Entry.from_dict(n, _read(self._log / _file(n))) for n in numbers]

    def append(self, entry: Entry) -> None:
        """Write the entry beside, and link it to the next number: a number is given once."""
        with _scratch(self._log) as scratch:
            draft = scratch / "entry"
            files.write_json(draft, entry.to_dict())
            _numbered(self._log, lambda n: os.link(draft, self._log / _file(n)))

    def aliases(self) -> Mapping[str, str]:
        """Return the version of each alias."""
        paths = sorted(self._aliases.glob("[!.]*")) if self._aliases.exists() else []
        return {path.name: path.read_text(encoding="utf-8").strip() for path in paths}

    def set_alias(self, alias: str, number: str) -> None:
        """Let an alias name a version."""
        files.write_text(self._aliases / alias, f"{number}\n")

    def fetch(self, number: str, folder: Path) -> Path:
        """Copy a version's files into `folder`.

        Raises:
            ModelError: One of them is not there.
        """
        version = self._versions / number
        for name in ("model", "reference.parquet", LINEAGE):
            source, target = version / name, folder / name
            try:
                (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
            except OSError as error:
                raise ModelError(
                    f"{name} of version {number} cannot be read: {error}.",
                    where=str(source),
                    next_step="restore it, or train and register again",
                ) from error
        return folder

    def lineage(self, number: str) -> Mapping[str, Any]:
        """Return a version's lineage."""
        return dict(files.read_json(self._versions / number / LINEAGE))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, on the same file system, which is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
        yield Path(scratch)


def _file(number: int) -> str:
    return f"{number:06}.json"


def _numbers(folder: Path) -> list[int]:
    """Return the numbers that name something in a folder, in order."""
    paths = folder.iterdir() if folder.exists() else iter(())
    return sorted(int(path.stem) for path in paths if path.stem.isdecimal())


def _numbered(folder: Path, place: Callable[[int], object]) -> int:
    """Let something have the first number that is free after those in a folder; return it.

    Args:
        folder: Where the numbers are.
        place: Gives it the number in one step, or raises that the number is taken.
    """
    number = max(_numbers(folder), default=0)
    while True:
        number += 1
        try:
            place(number)
        except OSError as error:  # another process was faster
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            return number


def _read(path: Path) -> Mapping[str, Any]:
    """Return an entry's text by key; nothing if it is none."""
    try:
        content = files.read_json(path)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
