"""Profile the validated table: distributions, nulls, correlations, and the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import pages
from mlops_plugins.artifacts.files import write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class TableProfile(Component):
    """Describes each column and how much of the target it explains; a page, and the numbers."""

    rows: int = Field(
        100_000, ge=100, description="Maximum number of rows to look at, spread evenly."
    )

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write `profile.html` and `profile.json`."""
        from mlops_plugins.stages.profile import sample, summary

        looked_at = sample.read(table, max_rows=self.rows)
        estimators.require_target(looked_at.frame, context, where="data/validated.parquet")
        report = summary.make(looked_at, context.data)
        output.mkdir()
        write_json(output / "profile.json", report)
        page = pages.render("stages/profile/page.html.j2", report=report, project=context.project)
        write_text(output / "profile.html", page)
        for note in report["notes"][:5]:
            context.log(f"note: {note}")
