"""What `mlops features` shows: the table that the model learns from, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.artifacts import tables
from mlops_plugins.config import params

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

EXAMPLES = 3
"""Values of a column that are shown: its most frequent ones."""


def as_data(root: Path) -> list[dict[str, Any]]:
    """Return each feature of the training rows: its kind, missing share, distinct values, examples.

    Raises:
        DataError: There is no table of features, or a column of it can be no feature.
    """
    context = params.context(root, params.read(root), lambda _: None)
    frame = tables.read_frame(root / "data/features/train.parquet")
    estimators.require_target(frame, context, where="data/features/train.parquet")
    others = (context.data.target, context.data.weight)
    return [_described(frame[name]) for name in frame if name not in others]


def _described(series: pd.Series[Any]) -> dict[str, Any]:
    kind = estimators.kind_of(series)
    counts = series.value_counts()
    return {
        "name": str(series.name),
        "kind": kind.value,
        "missing": float(series.isna().mean()),
        "distinct": len(counts),
        "examples": counts.index[:EXAMPLES].tolist(),
    }


def show(root: Path) -> None:
    """Print the features as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("feature", "prepared as", box=None, pad_edge=False)
    for heading in ("missing", "distinct"):
        table.add_column(heading, justify="right")
    table.add_column("most frequent", no_wrap=True, overflow="ellipsis")
    for found in as_data(root):
        table.add_row(
            Text(found["name"]),
            found["kind"],
            f"{found['missing']:.1%}",
            f"{found['distinct']:,}",
            Text(", ".join(map(str, found["examples"]))),
        )
    Console(highlight=False, markup=False).print(table)
