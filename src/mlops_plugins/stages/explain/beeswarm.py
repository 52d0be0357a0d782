"""A picture of every row's SHAP values, a line of points for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.stages.explain.importance import SHOWN, label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

PANELS = 6
"""Classes that a picture has room for."""

LEGEND = "dots: low values light, high dark; rings: categories; crosses: missing"


def draw(
    path: Path,
    columns: Sequence[str],
    rows: pd.DataFrame,
    values: np.ndarray,
    titles: Sequence[str],
) -> None:
    """Draw the SHAP values, the first column on top.

    Args:
        path: The PNG to write.
        columns: The columns in the order to draw them.
        rows: The rows that were explained, whose values tell the points apart.
        values: The SHAP values, of shape (rows, columns of `rows`, panels).
        titles: What each panel explains; those without room are left out.
    """
    from matplotlib.figure import Figure

    shown, panels = columns[:SHOWN], titles[:PANELS]
    figure = Figure(figsize=(2 + 4.5 * len(panels), 1.4 + 0.35 * len(shown)), layout="constrained")
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (axes, title) in enumerate(zip(every, panels, strict=True)):
        axes.axvline(0, color="black", linewidth=0.8)
        for height, name in enumerate(reversed(shown)):
            of_column = values[:, list(rows).index(name), panel]
            _draw_column(axes, of_column, rows[name], height)
        axes.set_yticks(range(len(shown)), [label(name) for name in reversed(shown)])
        axes.set_title(label(title), fontsize="medium")
        axes.set_xlabel("SHAP value")
    figure.suptitle(LEGEND, fontsize="small")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _draw_column(axes: Any, found: np.ndarray, values: pd.Series[Any], height: int) -> None:
    import pandas as pd

    heights = height + _spread(found)
    missing = values.isna().to_numpy()
    axes.scatter(found[missing], heights[missing], s=14, marker="x", color="black", linewidth=0.7)
    there = ~missing
    style: dict[str, Any] = {"facecolors": "none"}
    kind = pd.api.types
    if kind.is_numeric_dtype(values) or kind.is_datetime64_any_dtype(values):
        ranks = values[there].rank(pct=True).to_numpy()
        style = {"c": ranks, "cmap": "Greys", "vmin": 0, "vmax": 1}
    axes.scatter(found[there], heights[there], s=14, edgecolors="black", linewidth=0.4, **style)


def _spread(found: np.ndarray) -> np.ndarray:
    """Return how far each point moves up or down, so that equal ones lie side by side."""
    import numpy as np

    span = np.ptp(found) or 1.0
    bins = np.floor((found - found.min()) / span * 60)
    moved = np.zeros(len(found))
    for one in np.unique(bins):
        inside = np.flatnonzero(bins == one)
        # 0, 1, -1, 2, -2, ... steps from the middle.
        steps = (np.arange(len(inside)) + 1) // 2 * np.where(np.arange(len(inside)) % 2, 1, -1)
        moved[inside] = steps * min(0.08, 0.8 / len(inside))
    return moved
