"""Profile the validated table: distributions, nulls, correlations, and the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import estimators, pages
from mlops_plugins.files import write_json, write_text
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.stages import Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the profile."""
    yield Implementation(
        stage=Stage.PROFILE,
        name="table",
        target="mlops_plugins.plugins.profile:TableProfile",
        summary="Every column, its relation to the target, and what to notice",
        libraries=("pandas",),
    )


class TableProfile(Options):
    """Describes each column and how much of the target it explains; a page, and the numbers."""

    rows: int = Field(100_000, ge=100, description="Most rows to look at, spread evenly.")

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write `profile.html` and `profile.json`."""
        from mlops_plugins.profiling import report, sample

        looked_at = sample.read(table, most_rows=self.rows)
        estimators.require_target(looked_at.frame, context, where="data/validated.parquet")
        made = report.make(looked_at, context.data)
        output.mkdir()
        write_json(output / "profile.json", made)
        page = pages.render("profiling/page.html.j2", report=made, project=context.project)
        write_text(output / "profile.html", page)
        for note in made["notes"][:5]:
            context.say(f"note: {note}")
