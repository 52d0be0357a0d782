"""The default monitor: data quality, drift and performance, by numpy, scipy and pandas alone.

A column drifts only if its change is both certain (a p-value, corrected for the number of tests)
and large (an effect above a floor): p-values alone flag any change in a large window, effects
alone flag noise in a small one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.artifacts import pages
from mlops_plugins.artifacts.files import read_json, write_json, write_text
from mlops_plugins.stages.monitor import comparison, performance, quality
from mlops_plugins.stages.monitor.columns import Table
from mlops_plugins.stages.monitor.report_parts import head, model_schema, rounded

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class DriftMonitor(Component):
    """Compares the rows that a model saw lately with the rows it was judged on."""

    min_rows: int = Field(200, ge=2, description="Rows below which nothing is decided.")
    alpha: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="The false alarms to accept: the share of windows without any change in which "
        "some column still seems to drift.",
    )
    min_effect_numeric: float = Field(
        0.1,
        gt=0,
        description="The least shift of a number that matters, in the reference's standard "
        "deviations (Wasserstein distance); 0.1 is half of what is called a small effect.",
    )
    min_effect_categorical: float = Field(
        0.1,
        gt=0,
        le=1,
        description="The least change of any one category's share that matters.",
    )
    min_drifted_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="The share of columns that must drift for the status drift (one in 20; any "
        "one of fewer). A drift of the prediction always suffices.",
    )
    max_bad_share: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="The share of a column's values that may break the schema before an alarm.",
    )
    min_labels: int = Field(200, ge=2, description="Labelled rows below which performance waits.")
    max_drop: float = Field(
        0.02, ge=0, description="The loss of the primary metric that is acceptable."
    )
    ignore: list[str] = Field(
        default_factory=list,
        description="Columns that move by nature (month, week) and are not tested for drift.",
    )

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json` and `report.html` into `output`, and return the status."""
        manifest = read_json(model / "manifest.json")
        before, after = Table.open(reference), Table.open(current)
        report = head(context, "drift", self, reference=reference, current=after, model=model)
        report |= self._sections(context, manifest, before, after)
        finding = self._judge(report, min(before.rows, after.rows))
        report |= {"status": finding.status, "reasons": list(finding.reasons)}
        report = rounded(report)
        write_json(output / "report.json", report)
        page = pages.render("stages/monitor/page.html.j2", report=report, project=context.project)
        write_text(output / "report.html", page)
        return finding

    def _sections(
        self, context: Context, manifest: dict[str, Any], before: Table, after: Table
    ) -> dict[str, dict[str, Any]]:
        schema = model_schema(manifest, context)
        kinds = comparison.compared(context, schema, self.ignore)
        enough = min(before.rows, after.rows) >= self.min_rows
        return {
            "data_quality": quality.check(
                after, schema, max_bad_share=self.max_bad_share, enough=enough
            ),
            "drift": self.compare(before, after, kinds, seed=context.seed, enough=enough),
            "performance": performance.measure(
                before,
                after,
                context,
                manifest.get("classes"),
                min_labels=self.min_labels,
                max_drop=self.max_drop,
                enough=enough,
            ),
        }

    def compare(
        self, before: Table, after: Table, kinds: dict[str, str], *, seed: int, enough: bool = True
    ) -> dict[str, Any]:
        """Return the report's section `drift` on columns of these types."""
        limits = comparison.Limits(
            alpha=self.alpha,
            numeric=self.min_effect_numeric,
            categorical=self.min_effect_categorical,
            share=self.min_drifted_share,
        )
        return comparison.compare(before, after, kinds, limits, seed=seed, enough=enough)

    def _judge(self, report: dict[str, Any], rows: int) -> Finding:
        sections = [report[name] for name in ("data_quality", "performance", "drift")]
        reasons = tuple(reason for section in sections for reason in section["reasons"])
        found = {section["status"] for section in sections}
        if rows < self.min_rows:
            few = f"{rows:,} rows are too few to decide anything: min_rows is {self.min_rows:,}"
            return Finding(status="insufficient_data", reasons=(few,))
        if "alarm" in found:
            return Finding(status="alarm", reasons=reasons)
        if "drift" in found:
            return Finding(status="drift", reasons=reasons)
        nothing = f"nothing to act on in {report['drift']['n_columns']} columns"
        return Finding(status="ok", reasons=(*reasons, nothing))
