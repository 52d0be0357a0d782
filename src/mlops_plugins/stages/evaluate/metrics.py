"""Evaluate: metrics with intervals, baselines, calibration, slices, fairness, a learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import files, predicted, tables
from mlops_plugins.stages.evaluate.options import Decision, Slicing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.evaluate.test_set import ScoredTestSet

Share = Annotated[float, Field(gt=0, lt=1)]


class Metrics(Component):
    """Measures the model on the rows that were put aside."""

    renamed: ClassVar = {
        "threshold": "decision.threshold",
        "choose_threshold": "decision.choose",
        "least": "decision.minimum",
        "missed_cost": "decision.missed_cost",
        "slices": "slicing.columns",
        "find_slices": "slicing.search",
        "max_found": "slicing.max_slices",
        "min_rows": "slicing.min_rows",
    }

    resamples: int = Field(100, ge=20, description="Bootstrap resamples behind each 95 % interval.")
    decision: Decision = Field(
        Decision(),
        description="Two classes: when threshold.json and fairness.json predict the last.",
    )
    slicing: Slicing = Field(
        Slicing(), description="Groups of rows on which the model is measured apart."
    )
    learning_curve: list[Share] = Field(
        [0.1, 0.3],
        description="Shares of the training rows on which the trainer is run again; [] for none.",
    )

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write metrics, predictions, tables, curves and pictures."""
        # Here, so that `mlops compose` can read the options without numpy, scipy and matplotlib.
        from mlops_plugins.stages.evaluate import charts, curves, measurements, sliced, summary
        from mlops_plugins.stages.evaluate.test_set import score_test_set

        test_set = score_test_set(context, model=model, splits=splits, resamples=self.resamples)
        output.mkdir()
        results = measurements.measure(
            test_set, decision=self.decision, slicing=self.slicing, shares=self.learning_curve
        )
        values = {name: row["value"] for name, row in results["summary"].items()}
        files.write_json(metrics, {**values, "rows": len(test_set.target)})
        for name, table in results.items():
            files.write_json(output / f"{name}.json", table)
        tables.write_frame(_predictions(test_set), output / "predictions.parquet")
        curves.write_all(test_set, results, output)
        charts.draw_all(test_set, results, output)
        for line in summary.lines(results["summary"]):
            context.log(line)
        for line in sliced.lines(results["slices"]):
            context.log(line)


def _predictions(test_set: ScoredTestSet) -> pd.DataFrame:
    """Return the raw rows with their predictions: also the reference that monitoring compares with."""
    rows = test_set.rows
    made = test_set.model.predictions(test_set.scores, rows.index)
    return rows.join(predicted.renamed(made, rows.columns))
