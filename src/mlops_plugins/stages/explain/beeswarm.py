"""A picture of every row's SHAP values, a line of points for each column."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from mlops_plugins.stages.explain.importance import SHOWN, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PANELS = 6
"""Classes that a picture has room for."""

GREYS = LinearSegmentedColormap.from_list("greys", ["0.8", "black"])
"""No colours, so that the picture can be printed, and no white, which is for the rings."""

LEGEND = "dots: low values light, high ones dark; rings: categories and missing values"


def draw(
    path: Path,
    columns: Sequence[str],
    rows: pd.DataFrame,
    values: np.ndarray,
    titles: Sequence[str],
    *,
    seed: int,
) -> None:
    """Draw the SHAP values, the first column on top.

    Args:
        path: The PNG to write.
        columns: The columns in the order to draw them.
        rows: The rows that were explained, whose values give the points their colours.
        values: The SHAP values, of shape (rows, columns of `rows`, panels).
        titles: What each panel explains; those without room are left out.
        seed: Decides the order of the points that overlap.
    """
    shown, panels = columns[:SHOWN], titles[:PANELS]
    positions = [list(rows).index(name) for name in shown]
    colours = pd.concat([_ranks(rows.iloc[:, position]) for position in positions], axis=1)
    figure = Figure(figsize=(2 + 4.5 * len(panels), 1.6 + 0.4 * len(shown)), layout="constrained")
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (axes, title) in enumerate(zip(every, panels, strict=True)):
        explanation = shap.Explanation(
            values[:, positions, panel],
            data=colours,
            feature_names=[label(name) for name in shown],
        )
        with _numpy_seeded(seed):
            shap.plots.beeswarm(
                explanation,
                max_display=len(shown),
                order=np.arange(len(shown)),
                color=GREYS,
                color_bar=False,
                ax=axes,
                plot_size=None,
                show=False,
            )
        _outline(axes)
        axes.set_title(label(title), fontsize="medium")
        axes.set_xlabel("SHAP value")
    figure.suptitle(LEGEND, fontsize="small")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _outline(axes: Any) -> None:
    """Draw rings where shap draws grey, which without colour looks like a middle value."""
    for points in axes.collections:
        points.set(edgecolor="black", linewidth=0.4)
        if points.get_array() is None:
            points.set(facecolor="none")


def _ranks(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return the values by rank, from 0 to 1; objects without values, which shap draws grey, if they have no order."""
    kind = pd.api.types
    ordered = kind.is_numeric_dtype(values) or kind.is_datetime64_any_dtype(values)
    if not ordered or values.isna().all():
        return pd.Series([None] * len(values), dtype=object)
    return pd.Series(values.rank(pct=True).to_numpy(dtype="float64", na_value=np.nan))


@contextmanager
def _numpy_seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, the one that shap draws from, and put it back as it was."""
    state = np.random.get_state()  # noqa: NPY002  shap takes no generator
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
