"""The default monitor: data quality, drift and performance, by numpy, scipy and pandas alone.

A column drifts only if its change is both certain (a p-value, corrected for the number of tests)
and large (an effect above a floor): p-values alone flag any change in a large window, effects
alone flag noise in a small one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.artifacts import pages
from mlops_plugins.artifacts.files import read_json, write_json, write_text
from mlops_plugins.stages.monitor.options import Drift, Performance, too_few

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.monitor.columns import Table


class DriftMonitor(Component):
    """Compares the rows that a model was given lately with the rows that it was tested on."""

    renamed: ClassVar = {
        **{name: f"drift.{name}" for name in Drift.model_fields},
        **{name: f"performance.{name}" for name in Performance.model_fields},
    }

    min_rows: int = Field(
        200, ge=2, description="Rows of the window below which nothing is decided."
    )
    max_bad_share: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="Share of a column's values that may break the schema before an alarm.",
    )
    drift: Drift = Field(Drift(), description="Changes of the inputs and of the predictions.")
    performance: Performance = Field(
        Performance(), description="Loss of performance, where labels have arrived."
    )

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json` and `report.html` into `output`, and return the status."""
        # Here and in what follows, so that the options can be read without pandas and scipy.
        from mlops_plugins.stages.monitor.columns import Table
        from mlops_plugins.stages.monitor.report_parts import head, rounded

        manifest = read_json(model / "manifest.json")
        before, after = Table.open(reference), Table.open(current)
        report = head(context, "drift", self, reference=reference, current=after, model=model)
        report |= self._sections(context, manifest, before, after)
        finding = self._finding(report, too_few(before.rows, after.rows, self.min_rows))
        report |= {"status": finding.status, "reasons": list(finding.reasons)}
        report = rounded(report)
        write_json(output / "report.json", report)
        page = pages.render("stages/monitor/page.html.j2", report=report, project=context.project)
        write_text(output / "report.html", page)
        return finding

    def _sections(
        self, context: Context, manifest: dict[str, Any], before: Table, after: Table
    ) -> dict[str, dict[str, Any]]:
        from mlops_plugins.stages.monitor import comparison, performance, quality
        from mlops_plugins.stages.monitor.columns import predictions
        from mlops_plugins.stages.monitor.report_parts import model_schema

        schema = model_schema(manifest, context)
        types = comparison.compared_columns(context, schema, self.drift.ignore)
        enough = too_few(before.rows, after.rows, self.min_rows) is None
        return {
            "data_quality": quality.check(
                after, schema, max_bad_share=self.max_bad_share, enough=enough
            ),
            "drift": comparison.compare(
                before,
                after,
                types,
                self.drift,
                seed=context.seed,
                predictions=predictions(schema),
                enough=enough,
            ),
            "performance": performance.measure(
                before,
                after,
                context,
                manifest.get("classes"),
                raw=schema.columns,
                min_labels=self.performance.min_labels,
                max_drop=self.performance.max_drop,
                enough=enough,
            ),
        }

    def _finding(self, report: dict[str, Any], few: str | None) -> Finding:
        sections = [report[name] for name in ("data_quality", "performance", "drift")]
        reasons = tuple(reason for section in sections for reason in section["reasons"])
        statuses = {section["status"] for section in sections}
        if few is not None:
            return Finding(status="insufficient_data", reasons=(few,))
        if "alarm" in statuses:
            return Finding(status="alarm", reasons=reasons)
        if "drift" in statuses:
            return Finding(status="drift", reasons=reasons)
        nothing = f"nothing to act on in {report['drift']['n_columns']} columns"
        return Finding(status="ok", reasons=(*reasons, nothing))
