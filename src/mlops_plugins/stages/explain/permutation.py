"""Explain by permutation importance: how much worse the model is when one column is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.metrics import bootstrap, scoring, weighted
from mlops_plugins.stages.explain import coalitions, importance, shapley
from mlops_plugins.stages.explain.importance import Importance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.explain import RowExplanation
    from mlops_plugins.artifacts.model_folder import Model


class Permutation(Component):
    """Shuffles each raw column in turn (Breiman, Random Forests, 2001, section 10).

    One row is explained by Shapley values against rows of the reference.
    """

    rows: int = Field(5000, ge=50, description="Most rows to look at, drawn by the seed.")
    repeats: int = Field(3, ge=1, description="How often each column is shuffled.")

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write the loss of the primary metric for each column, the largest first."""
        import numpy as np

        output.mkdir()
        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        frame = tables.read_frame(splits / "test.parquet")
        estimators.require_target(frame, context, where="data/splits/test.parquet")
        found = self.importances(
            context, opened, coalitions.drawn(frame, self.rows, generator), generator
        )
        metric = scoring.PRIMARY[context.data.task]
        ordered = importance.write(output, list(found), measure=f"loss of {metric} when shuffled")
        context.log(f"most important: {', '.join(item.column for item in ordered[:3])}")

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return the Shapley values of the row's columns."""
        return shapley.explain_row(context, model=model, reference=reference, row=row)

    def importances(
        self, context: Context, opened: Model, frame: pd.DataFrame, generator: np.random.Generator
    ) -> Iterator[Importance]:
        """Give each column's mean loss, and its interval over rows that are drawn again.

        A row keeps what it was shuffled with, so the interval holds the chance of both.
        """
        import numpy as np

        target = scoring.positions(frame[context.data.target], opened.classes)
        # Read into the schema's types once, not once for each shuffle.
        rows = conform(frame, opened.inputs)
        drawn = bootstrap.draws(len(rows), resamples=importance.RESAMPLES, seed=context.seed)
        weights = np.stack([np.ones(len(rows)), *drawn])

        def measured(rows: pd.DataFrame) -> np.ndarray:
            """Return the metric on the rows as they are, and then on each resample."""
            scores = opened.predictor.scores(opened.recipe(rows))
            metric = weighted.primary(context.data.task, target, scores)
            return np.array([metric(each) for each in weights])

        whole = measured(rows)
        for name in opened.schema.inputs:
            losses = np.zeros_like(whole)
            for _ in range(self.repeats):
                shuffled = rows.copy(deep=False)
                order = generator.permutation(len(rows))
                shuffled[name] = rows[name].iloc[order].set_axis(rows.index)
                losses += (whole - measured(shuffled)) / self.repeats
            yield _importance(name, losses)


def _importance(column: str, losses: np.ndarray) -> Importance:
    """Return the first of the losses, with the interval of the others that are defined."""
    low, high = bootstrap.percentile_interval(losses[1:])
    return Importance(column=column, value=float(losses[0]), low=low, high=high)
