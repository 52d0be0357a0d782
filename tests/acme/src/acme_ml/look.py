"""What the data look like: one line a column."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlops_plugins import Field, Options, files, tables

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins import Context


class Columns(Options):
    """Counts each column's nulls and distinct values."""

    title: str = Field("The columns", min_length=1, description="The page's title.")

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write the counts as JSON, and as a page."""
        whole = tables.read(table)
        counts = {
            name: {"nulls": column.null_count, "distinct": len(column.unique())}
            for name, column in zip(whole.column_names, whole.columns, strict=True)
        }
        output.mkdir()
        files.write_json(output / "profile.json", counts)
        lines = "".join(
            f"<li>{escape(name)}: {found['distinct']} values, {found['nulls']} nulls</li>"
            for name, found in counts.items()
        )
        page = f"<!doctype html><html><title>{escape(self.title)}</title><ul>{lines}</ul></html>"
        files.write_text(output / "profile.html", page)
