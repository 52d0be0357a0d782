"""What every explanation of a model writes: its columns by importance, as numbers and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOWN = 20
"""Columns that a picture has room for."""

RESAMPLES = 200
"""Bootstrap samples for an interval."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much a column matters, with a 95 % interval; NaN where that is not defined."""

    column: str
    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Return whether the column may matter nothing: no interval away from 0 is known."""
        return not (self.low > 0 or self.high < 0)


def write(output: Path, importances: Sequence[Importance], *, measure: str) -> list[Importance]:
    """Write `importance.json`, `.csv` and `.png`, the most important first; return that order.

    Args:
        output: The folder.
        importances: One for each column.
        measure: What the importance is, and its unit, for people.
    """
    ordered = sorted(importances, key=lambda item: -item.value)
    columns = [
        {
            "column": item.column,
            "importance": item.value,
            "low": item.low,
            "high": item.high,
            "holds_zero": item.holds_zero,
        }
        for item in ordered
    ]
    files.write_json(output / "importance.json", {"measure": measure, "columns": columns})
    lines = ["column,importance,low,high"]
    lines += [
        f"{_quoted(item.column)},{item.value:.6f},{item.low:.6f},{item.high:.6f}"
        for item in ordered
    ]
    files.write_text(output / "importance.csv", "\n".join(lines) + "\n")
    _draw(ordered[:SHOWN][::-1], measure, output / "importance.png")
    return ordered


def _quoted(name: str) -> str:
    """Return a cell of CSV."""
    return '"' + name.replace('"', '""') + '"'


def label(name: str) -> str:
    """Return a text for a picture, in which a pair of $ would be read as mathematics."""
    return name.replace("$", r"\$")


def _draw(shown: Sequence[Importance], measure: str, path: Path) -> None:
    figure = Figure(figsize=(7, 1.2 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    values = np.array([item.value for item in shown])
    ends = np.array([[item.value - item.low, item.high - item.value] for item in shown])
    # A percentile interval need not hold the value itself.
    axes.barh(
        [label(item.column) for item in shown],
        values,
        xerr=np.nan_to_num(ends).clip(min=0).T,
        color=["white" if item.holds_zero else "0.55" for item in shown],
        hatch=["///" if item.holds_zero else "" for item in shown],
        edgecolor="black",
        capsize=3,
    )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel=label(measure))
    axes.set_title("whiskers: 95 % interval; hatched: the interval holds 0", fontsize="small")
    figure.savefig(path, dpi=100, metadata={"Software": None})
