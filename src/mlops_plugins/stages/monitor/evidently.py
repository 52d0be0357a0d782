"""The monitor that hands the comparison to Evidently."""

from __future__ import annotations

import html
import os
import warnings
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.artifacts.files import read_json, replacing, write_json, write_text
from mlops_plugins.stages.monitor.columns import NUMERIC, Table, floats, labels
from mlops_plugins.stages.monitor.comparison import compared
from mlops_plugins.stages.monitor.report_parts import head, model_schema

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context


class EvidentlyMonitor(Component):
    """Looks for drift by Evidently's default tests; data quality and performance it leaves out.

    Free text is left out too: Evidently would train a classifier for each such column.
    """

    min_rows: int = Field(200, ge=2, description="Rows below which nothing is decided.")
    drift_share: float = Field(
        0.5, gt=0, le=1, description="The share of columns that must drift for the status drift."
    )

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json` and Evidently's own page, `report.html`, into `output`."""
        before, after = Table.open(reference), Table.open(current)
        report = head(context, "evidently", self, reference=reference, current=after, model=model)
        schema = model_schema(read_json(model / "manifest.json"), context)
        kinds = {name: kind for name, kind in compared(context, schema).items() if kind != "text"}
        pairs = ((name, _both(before, after, name, kind)) for name, kind in kinds.items())
        frames = {name: pair for name, pair in pairs if pair}
        if min(before.rows, after.rows) < self.min_rows or not frames:
            finding = self._undecided(min(before.rows, after.rows), output)
        else:
            numeric = [name for name in frames if kinds[name] in NUMERIC]
            report["evidently"] = _run(frames, numeric, self.drift_share, output / "report.html")
            finding = self._judge(report["evidently"], len(frames))
        report |= {"status": finding.status, "reasons": list(finding.reasons)}
        write_json(output / "report.json", report)
        return finding

    def _undecided(self, rows: int, output: Path) -> Finding:
        reason = f"{rows:,} rows with values to compare are too few: min_rows is {self.min_rows:,}"
        text = f"<!doctype html><title>Too few rows</title><p>{html.escape(reason)}</p>\n"
        write_text(output / "report.html", text)
        return Finding(status="insufficient_data", reasons=(reason,))

    def _judge(self, found: dict[str, Any], columns: int) -> Finding:
        drifted = next(
            metric["value"]
            for metric in found["metrics"]
            if metric["config"]["type"].endswith(":DriftedColumnsCount")
        )
        reason = f"{drifted['count']:.0f} of {columns} columns drifted"
        drifts = drifted["share"] >= self.drift_share
        return Finding(status="drift" if drifts else "ok", reasons=(reason,))


def _both(
    before: Table, after: Table, name: str, kind: str
) -> tuple[pd.Series[Any], pd.Series[Any]] | None:
    """Return a column of both tables, or None where one of them has no value to compare."""
    import numpy as np
    import pandas as pd

    made = []
    for table in (before, after):
        series = table.read(name)
        if series is None:
            return None
        if kind in NUMERIC:
            values = floats(series)
            series = pd.Series(np.where(np.isfinite(values), values, np.nan))
        else:
            series = labels(series, kind)
        if series.notna().sum() == 0:
            return None
        made.append(series)
    return made[0], made[1]


def _run(
    frames: dict[str, tuple[pd.Series[Any], pd.Series[Any]]],
    numeric: list[str],
    drift_share: float,
    page: Path,
) -> dict[str, Any]:
    # Evidently reads this once, while it is imported.
    os.environ["DO_NOT_TRACK"] = "1"
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=numeric,
        categorical_columns=[name for name in frames if name not in numeric],
    )
    old, new = (
        Dataset.from_pandas(
            pd.DataFrame({name: pair[which] for name, pair in frames.items()}), definition
        )
        for which in (0, 1)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        snapshot = Report([DataDriftPreset(drift_share=drift_share)]).run(new, old)
        with replacing(page) as draft:
            snapshot.save_html(str(draft))
    found: dict[str, Any] = snapshot.dict()
    return found
