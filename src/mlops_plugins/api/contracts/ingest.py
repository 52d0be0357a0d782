"""Ingest: bring the raw table into the project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Ingest(Protocol):
    """Bring the raw table into the project."""

    def ingest(self, context: Context, *, output: Path) -> Source | None:
        """Write the table to `output` as Parquet, one row an example; say where it is from.

        Raises:
            DataError: The source is missing, unreadable, empty, or has not the target.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data came from, for the manifest beside them.

    Attributes:
        description: The file, or the query and the database: never a credential.
        details: What else is worth keeping, as plain data: the files and their hashes, rows that
            were left out, up to where an incremental source was read.
    """

    description: str
    details: Mapping[str, Any] = field(default_factory=dict)


CONTRACT: Final = Contract(
    stage="ingest",
    protocol=Ingest,
    outputs={"output": "data/raw.parquet", "manifest": "reports/ingest.json"},
    parameters=("data",),
    wrapper="mlops_plugins.runtime.wrappers:ingest",
    formats=formats.INGEST,
)
