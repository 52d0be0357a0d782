"""Evidently's comparison of the columns that two tables have in common."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_plugins.artifacts.files import replacing
from mlops_plugins.stages.monitor.columns import NUMERIC, Table, floats, labels

if TYPE_CHECKING:
    from pathlib import Path


def paired_values(
    before: Table, after: Table, name: str, kind: str
) -> tuple[pd.Series[Any], pd.Series[Any]] | None:
    """Return a column of both tables, or None where one of them has no value to compare."""
    pair = []
    for table in (before, after):
        series = table.read(name)
        if series is None:
            return None
        if kind in NUMERIC:
            values = floats(series)
            series = pd.Series(np.where(np.isfinite(values), values, np.nan))
        else:
            series = labels(series, kind)
        if series.notna().sum() == 0:
            return None
        pair.append(series)
    return pair[0], pair[1]


def run(
    frames: dict[str, tuple[pd.Series[Any], pd.Series[Any]]],
    numeric: list[str],
    drift_share: float,
    page: Path,
) -> dict[str, Any]:
    """Run Evidently's default tests, write its page, and return its results.

    Args:
        frames: The reference's and the window's values of each column.
        numeric: Which of the columns are numbers.
        drift_share: The share of columns that must drift.
        page: The HTML file to write.
    """
    # Evidently reads this once, while it is imported.
    os.environ["DO_NOT_TRACK"] = "1"
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=numeric,
        categorical_columns=[name for name in frames if name not in numeric],
    )
    old, new = (
        Dataset.from_pandas(
            pd.DataFrame({name: pair[which] for name, pair in frames.items()}), definition
        )
        for which in (0, 1)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        snapshot = Report([DataDriftPreset(drift_share=drift_share)]).run(new, old)
        with replacing(page) as draft:
            snapshot.save_html(str(draft))
    results: dict[str, Any] = snapshot.dict()
    return results
