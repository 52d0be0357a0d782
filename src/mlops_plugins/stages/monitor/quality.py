"""Whether the window's values keep the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlops_plugins.stages.monitor.columns import (
    NUMERIC,
    Table,
    floats,
    label,
    labels,
    predictions,
)
from mlops_plugins.stages.monitor.report_parts import decided

if TYPE_CHECKING:
    import pandas as pd

    from mlops_plugins.artifacts.schema import Column, Schema

_COUNTS: Final = {
    "nulls": "missing",
    "out_of_range": "out of range",
    "unseen": "of unknown categories",
    "unreadable": "unreadable",
}


def check(current: Table, schema: Schema, *, max_bad_share: float, enough: bool) -> dict[str, Any]:
    """Return the report's section `data_quality`."""
    wanted = {name: schema.columns[name] for name in schema.inputs} | predictions(schema)
    columns = {name: _bad_values(current.read(name), wanted[name]) for name in wanted}
    reasons = []
    for name, counts in columns.items():
        broken = counts["bad_share"] > max_bad_share
        counts |= {
            "n_current": current.rows,
            "method": "share of values that break the schema",
            "threshold": max_bad_share,
            "decision": decided("alarm" if broken else "ok", enough=enough),
        }
        if broken and enough:
            reasons.append(_reason(name, counts))
    status = decided("alarm" if reasons else "ok", enough=enough)
    return {"status": status, "reasons": reasons, "columns": columns}


def _bad_values(series: pd.Series[Any] | None, column: Column) -> dict[str, Any]:
    if series is None:
        return {"missing_column": True, "bad_share": 1.0}
    rows, nulls = len(series), int(series.isna().sum())
    counts: dict[str, Any] = {"missing_column": False, "nulls": nulls, "nullable": column.nullable}
    if column.type in NUMERIC:
        counts |= _bad_numbers(floats(series), nulls, column)
    elif column.values is not None or column.type == "boolean":
        counts |= _unseen(labels(series, column.type), column)
    kinds = ("unreadable", "out_of_range", "unseen", *(() if column.nullable else ("nulls",)))
    counts |= {
        f"{key}_share": counts[key] / rows if rows else 0.0 for key in _COUNTS if key in counts
    }
    counts["bad_share"] = sum(counts.get(f"{key}_share", 0.0) for key in kinds)
    return counts


def _bad_numbers(values: np.ndarray, nulls: int, column: Column) -> dict[str, Any]:
    """Count what is no number or out of range; an infinity is outside any range."""
    low = -np.inf if column.min is None else column.min
    high = np.inf if column.max is None else column.max
    outside = (values < low) | (values > high) | np.isinf(values)
    return {
        "unreadable": int(np.isnan(values).sum()) - nulls,
        "out_of_range": int(outside.sum()),
        "min": column.min,
        "max": column.max,
    }


def _unseen(values: pd.Series[Any], column: Column) -> dict[str, Any]:
    allowed = (True, False) if column.type == "boolean" else column.values or ()
    known = [label(value, column.type) for value in allowed]
    unseen = values[~values.isin(known) & values.notna()].value_counts()
    return {"unseen": int(unseen.sum()), "unseen_examples": sorted(unseen.index[:5])}


def _reason(name: str, counts: dict[str, Any]) -> str:
    if counts["missing_column"]:
        return f"the column '{name}' is missing"
    counted = [
        f"{counts[key]:,} {word}"
        for key, word in _COUNTS.items()
        if counts.get(key) and not (key == "nulls" and counts["nullable"])
    ]
    return f"{counts['bad_share']:.1%} of '{name}' break the schema: {', '.join(counted)}"
