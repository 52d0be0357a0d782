"""What a store must be able to do to hold versions and a history; the rest is the same for all."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.stages.register.history import Entry

CHAMPION, CHALLENGER = "champion", "challenger"
LINEAGE = "lineage.json"


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered model.

    Attributes:
        number: Its number, as text.
        digest: The SHA-256 of its model folder.
        verdict: The newest verdict on it, as it was written; empty if it is not known.
    """

    number: str
    digest: str
    verdict: str

    @property
    def parsed_verdict(self) -> Mapping[str, Any]:
        """Return the newest verdict; empty if it is not known."""
        return dict(json.loads(self.verdict)) if self.verdict else {}


@dataclass(frozen=True, kw_only=True)
class Package:
    """All that a version holds.

    Attributes:
        model: The model folder.
        reference: The table of test rows with their predictions.
        report: What people read about the run, the model card among it.
        lineage: What the model was made from.
        digest: The SHA-256 of the model folder.
        verdict: The verdict, as it was written.
        run: The digest of the tracked result.
    """

    model: Path
    reference: Path
    report: Path
    lineage: Mapping[str, Any]
    digest: str
    verdict: str
    run: str

    def write(self, folder: Path) -> None:
        """Fill a new folder with `model/`, `report/`, `reference.parquet` and `lineage.json`."""
        shutil.copytree(self.model, folder / "model")
        shutil.copytree(self.report, folder / "report")
        shutil.copyfile(self.reference, folder / "reference.parquet")
        files.write_json(folder / LINEAGE, self.lineage)


class Storage(Protocol):
    """Versions, aliases and a log, somewhere."""

    def versions(self) -> list[Version]:
        """Return every version, oldest first."""
        ...

    def find(self, number: str) -> Version | None:
        """Return a version, or None if there is none of this number."""
        ...

    def add(self, package: Package) -> str:
        """Make a version, complete or not at all; return its number."""
        ...

    def set_verdict(self, number: str, verdict: str) -> None:
        """Replace the newest verdict on a version."""
        ...

    def entries(self) -> list[Entry]:
        """Return the log."""
        ...

    def append(self, entry: Entry) -> None:
        """Append to the log, in one step, under a number that no other entry has or had.

        Whoever reads an entry reads all that have a lower number, at any later time too.
        """
        ...

    def aliases(self) -> Mapping[str, str]:
        """Return the version of each alias."""
        ...

    def set_alias(self, alias: str, number: str) -> None:
        """Let an alias name a version, in one step."""
        ...

    def fetch(self, number: str, folder: Path) -> Path:
        """Fill an empty folder with `model/`, `reference.parquet` and `lineage.json`; return it.

        Raises:
            ModelError: The version holds no model of ours.
        """
        ...

    def lineage(self, number: str) -> Mapping[str, Any]:
        """Return a version's lineage; nothing if it was registered without."""
        ...
