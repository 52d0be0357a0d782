"""Explain by SHAP values: what each raw column adds to each prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.metrics import bootstrap
from mlops_plugins.stages.explain import beeswarm, coalitions, importance, shapley
from mlops_plugins.stages.explain.coalitions import Mixer
from mlops_plugins.stages.explain.importance import Importance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.explain import RowExplanation
    from mlops_plugins.artifacts.model_folder import Model

ORDERS = 3
"""Orders of the columns for each row; each is gone through from both ends."""

CHUNK = 50
"""Rows after which the user is told how far it is."""


class Shap(Component):
    """Adds up what each raw column contributes to predictions (Lundberg and Lee, NIPS, 2017).

    The model is asked for predictions and never looked into, so any trainer's can be explained.
    """

    rows: int = Field(200, ge=2, le=10_000, description="Most rows to explain, drawn by the seed.")
    background: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Most rows that each one is compared with; time grows with rows times background.",
    )

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write each column's mean absolute SHAP value, the largest first.

        Of several classes it is the mean over the classes' probabilities, and each has a panel in
        the picture of all rows, `beeswarm.png`.
        """
        import numpy as np

        output.mkdir()
        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        judged = coalitions.read_inputs(splits / "test.parquet", opened)
        learnt = coalitions.read_inputs(splits / "train.parquet", opened)
        rows = coalitions.drawn(judged, self.rows, generator)
        background = coalitions.drawn(learnt, self.background, generator)
        values = np.concatenate(
            [
                _values(context, opened, background, rows[begin : begin + CHUNK], orders=ORDERS)
                for begin in _told(context, len(rows))
            ]
        )
        found = _importances(context, list(map(str, rows)), np.abs(values).mean(axis=2))
        classes = [str(name) for name in opened.classes or []]
        if len(classes) > 2:
            explained, titles = "probability of each class", classes
        else:
            explained = f"probability of {classes[1]}" if classes else f"{context.data.target}"
            titles = [explained]
        ordered = importance.write(output, found, measure=f"mean |SHAP value|: {explained}")
        beeswarm.draw(
            output / "beeswarm.png", [item.column for item in ordered], rows, values, titles
        )
        context.log(f"most important: {', '.join(item.column for item in ordered[:3])}")

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return the SHAP values of the row's columns, which are those of `explain`.

        Raises:
            DataError: The row or the reference lacks a column, or the reference has no rows.
            ModelError: The model is missing or corrupt.
        """
        import numpy as np

        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        background = coalitions.drawn(
            coalitions.read_inputs(reference, opened), self.background, generator
        )
        known = conform(row, opened.inputs)
        output = shapley.explained_output(coalitions.scores(opened, known))
        often = known.iloc[np.zeros(shapley.PAIRS, dtype=int)]
        pairs = _values(context, opened, background, often, orders=1)[:, :, output]
        base = float(coalitions.scores(opened, background)[:, output].mean())
        return shapley.summed_up(base, list(map(str, known)), pairs)


def _told(context: Context, rows: int) -> Iterable[int]:
    """Give the number that each chunk of rows begins with, and say how far it is."""
    for begin in range(0, rows, CHUNK):
        if begin:
            context.log(f"{begin:,} of {rows:,} rows explained")
        yield begin


def _values(
    context: Context, model: Model, background: pd.DataFrame, rows: pd.DataFrame, *, orders: int
) -> np.ndarray:
    """Return the SHAP values of rows, of shape (rows, columns, outputs)."""
    import numpy as np
    import pandas as pd
    import shap

    mixer = Mixer(model, pd.concat([background, rows], ignore_index=True))
    # shap mixes numbers only: it is given each value's place in the pool, equal ones the same.
    places = np.column_stack([_first_places(mixer.pool[name]) for name in mixer.pool])
    known = places[len(background) :]
    explainer = shap.PermutationExplainer(
        lambda mixed: mixer.scores(mixed.astype(int)),
        shap.maskers.Independent(places[: len(background)], max_samples=len(background)),
        seed=context.seed,
    )
    asked = 2 * known.shape[1] + 1
    found: Any = explainer(known, max_evals=orders * asked, batch_size=asked, silent=True)
    # One output has no axis of its own there.
    return np.asarray(found.values).reshape(*known.shape, -1)


def _first_places(series: pd.Series[Any]) -> np.ndarray:
    """Return for each value where it, or a null if it is one, stands first."""
    import numpy as np
    import pandas as pd

    codes, _ = pd.factorize(series, use_na_sentinel=False)
    _, first = np.unique(codes, return_index=True)
    return np.asarray(first[codes], dtype=float)


def _importances(context: Context, columns: list[str], sizes: np.ndarray) -> list[Importance]:
    """Return the mean of each column's absolute values, and its interval over rows drawn again."""
    import numpy as np

    drawn = bootstrap.draws(len(sizes), resamples=importance.RESAMPLES, seed=context.seed)
    weights = np.stack(list(drawn))
    low, high = np.percentile(weights @ sizes / len(sizes), [2.5, 97.5], axis=0)
    return [
        Importance(column=name, value=value, low=low, high=high)
        for name, value, low, high in zip(
            columns, sizes.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]
