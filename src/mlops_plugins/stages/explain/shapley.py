"""Shapley values of one row, by orders in which its values replace those of other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.contracts.explain import Contribution, RowExplanation
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.stages.explain.coalitions import Mixer, drawn, read_inputs, scores

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.api.context import Context

BACKGROUND = 100
"""Rows of the reference that the row is compared with."""

PAIRS = 50
"""Orders that are drawn; each is gone through from both ends."""

STUDENT = 2.010
"""The 97.5 % quantile of Student's t with 49 degrees of freedom, for the mean of 50 pairs."""


def explain_row(
    context: Context, *, model: Path, reference: Path, row: pd.DataFrame
) -> RowExplanation:
    """Return the Shapley values of a row's columns, estimated from orders of the columns.

    A column that is not known yet has the values of the background rows. Going through an order
    from both ends (antithetic sampling: Mitchell, Cooper, Frank and Holmes, Sampling Permutations
    for Shapley Value Estimation, JMLR 23, 2022) is exact where no more than two columns act together.

    Raises:
        DataError: The row or the reference lacks a column, or the reference has no rows.
        ModelError: The model is missing or corrupt.
    """
    import numpy as np
    import pandas as pd

    opened = open_model(model)
    generator = np.random.default_rng(context.seed)
    background = drawn(read_inputs(reference, opened), BACKGROUND, generator)
    known = conform(row, opened.inputs)
    output = explained_output(scores(opened, known))
    mixer = Mixer(opened, pd.concat([background, known], ignore_index=True))
    pairs = np.stack([_pair(mixer, output, generator) for _ in range(PAIRS)])
    return summed_up(
        float(scores(opened, background)[:, output].mean()), list(map(str, known)), pairs
    )


def summed_up(base: float, columns: list[str], pairs: np.ndarray) -> RowExplanation:
    """Return the means of `PAIRS` estimates, of shape (pairs, columns), with their intervals."""
    values, margins = pairs.mean(axis=0), STUDENT * pairs.std(axis=0, ddof=1) / PAIRS**0.5
    return RowExplanation(
        base=base,
        contributions={
            name: Contribution(value=value, low=value - margin, high=value + margin)
            for name, value, margin in zip(columns, values.tolist(), margins.tolist(), strict=True)
        },
    )


def explained_output(found: np.ndarray) -> int:
    """Return which of one row's outputs is explained: of several classes, the predicted one."""
    return int(found[0].argmax())


def _pair(mixer: Mixer, output: int, generator: np.random.Generator) -> np.ndarray:
    """Return the columns' contributions in one order and its reverse, averaged."""
    import numpy as np

    rows, columns = len(mixer.pool) - 1, mixer.pool.shape[1]
    order = generator.permutation(columns)
    known = np.zeros((2 * columns, columns), dtype=bool)
    for place in range(columns):
        # Those of the order one by one, up to all; then those of its reverse, from none on.
        known[place, order[: place + 1]] = True
        known[columns + place, order[columns - place :]] = True
    places = np.where(known[:, None, :], rows, np.arange(rows)[None, :, None])
    asked = mixer.scores(places.reshape(-1, columns))[:, output]
    means = asked.reshape(2 * columns, rows).mean(axis=1)
    up, down = means[:columns], means[columns:]
    nothing, everything = down[0], up[-1]
    found = np.zeros(columns)
    found[order] = np.diff(np.concatenate([[nothing], up]))
    found[order[::-1]] += np.diff(np.concatenate([down, [everything]]))
    return found / 2
