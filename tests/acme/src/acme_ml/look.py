"""What the data look like, a line a column, and what became of the model."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, Field
from mlops_plugins.toolkit import card as cards
from mlops_plugins.toolkit import files, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins import Context


class Columns(Component):
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


class Lines(Component):
    """Says the verdict and its reasons, and nothing more."""

    heading: str = Field("The run", min_length=1, description="The page's heading.")

    def report(
        self,
        context: Context,
        *,
        parameters: Mapping[str, Any],
        model: Path,
        verdict: Path,
        card: Path,
        output: Path,
        **others: Path,
    ) -> None:
        """Write the verdict as a page, and what card.yaml says as it stands there."""
        judged, said = files.read_json(verdict), cards.read(card)
        output.mkdir()
        lines = "".join(f"<li>{escape(reason)}</li>" for reason in judged["reasons"])
        page = (
            f"<!doctype html><html><title>{escape(self.heading)}</title>"
            f"<h1>{escape(judged['decision'])}</h1><ul>{lines}</ul></html>"
        )
        files.write_text(output / "report.html", page)
        for name, section in (("model-card.md", "model"), ("data-sheet.md", "data")):
            words = [f"- {part}: {text}\n" for part, text in said.words[section].items()]
            files.write_text(output / name, "".join([f"# {context.project}\n\n", *words]))
        told = {"model": files.digest(model), "missing": said.missing()}
        files.write_json(output / "card.json", told)
