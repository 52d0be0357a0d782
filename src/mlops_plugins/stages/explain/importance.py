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

    from mlops_plugins.api.context import Context

SHOWN = 20
"""Columns that a picture has room for."""

RESAMPLES = 200
"""Bootstrap samples for an interval."""

DWARFS, DWARFS_NOISE = 100, 20
"""A column that matters so many times as much as the next one carries the model alone: where that one surely
matters, and where its interval holds 0."""


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


def write(
    context: Context, output: Path, importances: Sequence[Importance], *, measure: str
) -> list[Importance]:
    """Write `importance.json`, `.csv` and `.png`, the most important first; log and return that order.

    Args:
        context: The stage's context.
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
    leak = possible_leak(ordered)
    content = {"measure": measure, "columns": columns, "possible_leak": leak}
    files.write_json(output / "importance.json", content)
    lines = ["column,importance,low,high"]
    lines += [
        f"{_quoted(item.column)},{item.value:.6f},{item.low:.6f},{item.high:.6f}"
        for item in ordered
    ]
    files.write_text(output / "importance.csv", "\n".join(lines) + "\n")
    _draw(ordered[:SHOWN][::-1], measure, output / "importance.png")
    context.log(f"most important: {', '.join(item.column for item in ordered[:3])}")
    if leak:
        context.log(f"possible leak: {leak}")
    return ordered


def possible_leak(ordered: Sequence[Importance]) -> str | None:
    """Return in words which column carries the model alone; None if none does.

    Kaufman, Rosset and Perlich, Leakage in data mining: formulation, detection, and avoidance, 2011.

    Args:
        ordered: The columns, the most important first.
    """
    if len(ordered) < 2:
        return None
    first, second = ordered[:2]
    times = DWARFS_NOISE if second.holds_zero else DWARFS
    if not (first.low > 0 and first.value > times * max(second.value, 0)):
        return None
    return (
        f"the model depends on '{first.column}' alone: its importance is {first.value:.4f}, that of the "
        f"next, '{second.column}', {second.value:.4f}. Is it known before the target is?"
    )


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
