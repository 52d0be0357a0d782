"""The monitor that hands the comparison to Evidently."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.artifacts.files import read_json, write_json, write_text
from mlops_plugins.stages.monitor.options import too_few

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class EvidentlyMonitor(Component):
    """Tests for drift by Evidently's default tests; leaves out data quality and performance.

    Free text is left out too: Evidently would train a classifier for each such column.
    """

    min_rows: int = Field(
        200, ge=2, description="Rows of the window below which nothing is decided."
    )
    drift_share: float = Field(
        0.5, gt=0, le=1, description="The share of columns that must drift for the status drift."
    )

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json` and Evidently's own page, `report.html`, into `output`."""
        # Here, so that the options can be read without pandas and scipy.
        from mlops_plugins.stages.monitor.columns import NUMERIC, Table
        from mlops_plugins.stages.monitor.comparison import compared_columns
        from mlops_plugins.stages.monitor.evidently_drift import paired_values, run
        from mlops_plugins.stages.monitor.report_parts import head, model_schema

        before, after = Table.open(reference), Table.open(current)
        report = head(context, "evidently", self, reference=reference, current=after, model=model)
        schema = model_schema(read_json(model / "manifest.json"), context)
        kinds = {
            name: kind for name, kind in compared_columns(context, schema).items() if kind != "text"
        }
        pairs = ((name, paired_values(before, after, name, kind)) for name, kind in kinds.items())
        frames = {name: pair for name, pair in pairs if pair}
        few = too_few(before.rows, after.rows, self.min_rows)
        if few is not None or not frames:
            finding = self._undecided(few or "no column has values to compare", output)
        else:
            numeric = [name for name in frames if kinds[name] in NUMERIC]
            report["evidently"] = run(frames, numeric, self.drift_share, output / "report.html")
            finding = self._finding(report["evidently"], len(frames))
        report |= {"status": finding.status, "reasons": list(finding.reasons)}
        write_json(output / "report.json", report)
        return finding

    def _undecided(self, reason: str, output: Path) -> Finding:
        text = f"<!doctype html><title>Too few rows</title><p>{html.escape(reason)}</p>\n"
        write_text(output / "report.html", text)
        return Finding(status="insufficient_data", reasons=(reason,))

    def _finding(self, results: dict[str, Any], columns: int) -> Finding:
        drifted = next(
            metric["value"]
            for metric in results["metrics"]
            if metric["config"]["type"].endswith(":DriftedColumnsCount")
        )
        reason = f"{drifted['count']:.0f} of {columns} columns drifted"
        drifts = drifted["share"] >= self.drift_share
        return Finding(status="drift" if drifts else "ok", reasons=(reason,))
