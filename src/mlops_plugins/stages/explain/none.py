"""Explain nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class NoExplanation(Component):
    """Explains nothing: an explanation without columns."""

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write that no column is explained; the CSV file is one that `dvc.yaml` plots."""
        files.write_json(output / "importance.json", {"columns": []})
        files.write_text(output / "importance.csv", "column,importance\n")
