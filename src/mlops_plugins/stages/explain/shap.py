"""Explain by SHAP values: what each raw column adds to each prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts.model_folder import open_model

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.explain import RowExplanation


class Shap(Component):
    """Adds up what each raw column contributes to predictions (Lundberg and Lee, NIPS, 2017).

    It uses the model's predictions and nothing inside it, so any trainer's can be explained.
    """

    rows: int = Field(
        200,
        ge=2,
        le=10_000,
        description="Maximum number of rows to explain, drawn by the seed.",
    )
    background: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Maximum number of rows that each one is compared with; time grows with rows "
        "times background.",
    )

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write each column's mean absolute SHAP value, the largest first.

        Of several classes it is the mean over the classes' probabilities, and each has a panel in
        the picture of all rows, `beeswarm.png`.
        """
        import numpy as np

        from mlops_plugins.stages.explain import beeswarm, coalitions, importance, shap_values

        output.mkdir()
        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        test = coalitions.read_inputs(splits / "test.parquet", opened)
        train = coalitions.read_inputs(splits / "train.parquet", opened)
        rows = coalitions.sample_rows(test, self.rows, generator)
        background = coalitions.sample_rows(train, self.background, generator)
        values = shap_values.of_rows(context, opened, background, rows)
        importances = shap_values.importances(context, list(map(str, rows)), values)
        classes = [str(name) for name in opened.classes or []]
        if len(classes) > 2:
            explained, titles = "probability of each class", classes
        else:
            explained = f"probability of {classes[1]}" if classes else f"{context.data.target}"
            titles = [explained]
        measure = f"mean |SHAP value|: {explained}"
        ordered = importance.write(context, output, importances, measure=measure)
        columns = [item.column for item in ordered]
        beeswarm.draw(output / "beeswarm.png", columns, rows, values, titles, seed=context.seed)

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return the SHAP values of the row's columns, which are those of `explain`.

        Raises:
            DataError: The row or the reference lacks a column, or the reference has no rows.
            ModelError: The model is missing or corrupt.
        """
        import numpy as np

        from mlops_plugins.stages.explain import coalitions, shap_values

        opened = open_model(model)
        rows = coalitions.read_inputs(reference, opened)
        generator = np.random.default_rng(context.seed)
        background = coalitions.sample_rows(rows, self.background, generator)
        return shap_values.of_one_row(context, opened, background, row)
