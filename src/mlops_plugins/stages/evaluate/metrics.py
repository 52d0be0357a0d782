"""Evaluate: metrics with intervals, baselines, calibration, slices, fairness, a learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import files, tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.evaluate.test_set import Judged

Share = Annotated[float, Field(gt=0, lt=1)]


class Metrics(Component):
    """Measures the model on the rows that were put aside."""

    resamples: int = Field(100, ge=20, description="Bootstrap resamples behind each 95 % interval.")
    threshold: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Two classes: above which probability threshold.json and fairness.json count a "
        "row as the last class.",
    )
    choose_threshold: Literal["fixed", "f1", "precision", "recall", "cost"] = Field(
        "fixed",
        description="fixed, or what another threshold is chosen for on training rows: f1, precision, "
        "recall or cost.",
    )
    least: float = Field(
        0.8,
        gt=0,
        le=1,
        description="If it is chosen for precision or recall: how much of it is kept.",
    )
    missed_cost: float = Field(
        1.0, gt=0, description="If it is chosen for cost: what a missed row costs, in false alarms."
    )
    slices: list[str] = Field(
        [], description="Raw columns by whose values, or ranges, the model is measured."
    )
    find_slices: bool = Field(
        True,
        description="Whether slices of single inputs are searched that are significantly worse.",
    )
    max_found: int = Field(5, ge=1, description="Most slices that are reported of those found.")
    min_rows: int = Field(50, ge=2, description="Fewest rows of a slice, or of a sensitive group.")
    learning_curve: list[Share] = Field(
        [0.1, 0.3],
        description="Shares of the training rows on which the trainer is run again; [] for none.",
    )

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write metrics, predictions, tables, curves and pictures."""
        from mlops_plugins.stages.evaluate import charts, curves, measurements, summary
        from mlops_plugins.stages.evaluate.test_set import judge

        judged = judge(context, model=model, splits=splits, resamples=self.resamples)
        output.mkdir()
        found = measurements.make(judged, self)
        flat = {name: row["value"] for name, row in found["summary"].items()}
        files.write_json(metrics, {**flat, "rows": len(judged.target)})
        for name, table in found.items():
            files.write_json(output / f"{name}.json", table)
        tables.write_frame(_predictions(judged), output / "predictions.parquet")
        curves.write_all(judged, found, output)
        charts.draw_all(judged, found, output)
        for line in summary.lines(found["summary"]):
            context.log(line)
        for one in found["slices"]["slices"]:
            if not one["configured"]:
                told = (
                    f"{found['slices']['metric']} {one['value']:.4f}, elsewhere {one['rest']:.4f}"
                )
                context.log(f"worse: {one['label']}: {told} ({one['rows']:,} rows)")


def _predictions(judged: Judged) -> pd.DataFrame:
    """Return the raw rows with their predictions: also the reference that monitoring compares with."""
    rows = judged.rows
    predicted = judged.model.predictions(judged.scores, rows.index)
    return rows.join(predicted[[name for name in predicted.columns if name not in rows.columns]])
