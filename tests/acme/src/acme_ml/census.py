"""How many rows learn and how many test: a stage of Acme's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import Component, Context
from mlops_plugins.toolkit import files, tables

if TYPE_CHECKING:
    from pathlib import Path


class Census(Component):
    """Counts the rows of each part."""

    def census(self, context: Context, *, features: Path, output: Path) -> None:
        """Write the counts."""
        parts = ("train", "test")
        counts = {part: tables.count(features / f"{part}.parquet") for part in parts}
        files.write_json(output, {"task": context.data.task, "rows": counts})
