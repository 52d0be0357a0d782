"""Explain by permutation importance: how much worse the model is when one column is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.metrics import scoring

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.explain import RowExplanation


class Permutation(Component):
    """Shuffles each raw column in turn (Breiman, Random Forests, 2001, section 10).

    One row is explained by Shapley values against rows of the reference.
    """

    rows: int = Field(
        5000, ge=50, description="Maximum number of rows to score, drawn by the seed."
    )
    repeats: int = Field(3, ge=1, description="How often each column is shuffled.")

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write the loss of the primary metric for each column, the largest first."""
        import numpy as np

        from mlops_plugins.stages.explain import coalitions, importance, permutation_importance

        output.mkdir()
        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        test = tables.read_frame(splits / "test.parquet")
        estimators.require_target(test, context, where="data/splits/test.parquet")
        rows = coalitions.sample_rows(test, self.rows, generator)
        importances = permutation_importance.importances(
            context, opened, rows, self.repeats, generator
        )
        metric = scoring.PRIMARY[context.data.task]
        importance.write(
            context, output, list(importances), measure=f"loss of {metric} when shuffled"
        )

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return the Shapley values of the row's columns."""
        from mlops_plugins.stages.explain import shapley

        return shapley.explain_row(context, model=model, reference=reference, row=row)
