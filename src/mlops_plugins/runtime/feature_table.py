"""The table that the model learns from, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import tables
from mlops_plugins.config import params

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

EXAMPLES = 3
"""Values of a column that are shown: its most frequent ones."""


def describe(root: Path) -> list[dict[str, Any]]:
    """Return each feature of the training rows: its kind, missing share, distinct values, examples.

    Raises:
        DataError: There is no table of features, or a column of it can be no feature.
    """
    chosen = params.read(root)
    context = chosen.context(root, lambda _: None)
    features = chosen.pipeline.placed(Stage.TRAIN).inputs["features"]
    frame = tables.read_frame(root / features / "train.parquet")
    estimators.require_target(frame, context, where=f"{features}/train.parquet")
    others = (context.data.target, context.data.weight)
    return [_described(frame[name]) for name in frame if name not in others]


def _described(series: pd.Series[Any]) -> dict[str, Any]:
    prepared_as = estimators.feature_type(series)
    counts = series.value_counts()
    return {
        "name": str(series.name),
        "kind": prepared_as.value,
        "missing": float(series.isna().mean()),
        "distinct": len(counts),
        "examples": counts.index[:EXAMPLES].tolist(),
    }
