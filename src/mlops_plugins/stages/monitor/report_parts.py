"""What the reports of all monitors have in common: their head, their words, their digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mlops_plugins.artifacts.files import digest
from mlops_plugins.artifacts.schema import Schema, parse
from mlops_plugins.stages.monitor.columns import Table

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.component import Component
    from mlops_plugins.api.context import Context

FORMAT_VERSION: Final = 1
"""The version of `report.json`; raised when a key changes its meaning or goes away."""


def model_schema(manifest: dict[str, Any], context: Context) -> Schema:
    """Return the schema that the model was trained with."""
    data, described = context.data, manifest["schema"]
    return parse(
        described,
        target=data.target,
        id=data.id,
        weight=described.get("weight"),
        where="the model's manifest.json",
    )


def head(
    context: Context,
    monitor: str,
    options: Component,
    *,
    reference: Path,
    current: Table,
    model: Path,
) -> dict[str, Any]:
    """Return what every monitor's `report.json` begins with: who compared what."""
    return {
        "format_version": FORMAT_VERSION,
        "monitor": {"name": monitor, "options": options.model_dump(mode="json")},
        "model": {"sha256": digest(model)},
        "reference": {"rows": Table.open(reference).rows, "sha256": digest(reference)},
        "window": {"rows": current.rows, **_span(current, context.data.time)},
    }


def _span(table: Table, time: str | None) -> dict[str, str]:
    values = table.read(time) if time else None
    if values is None:
        return {}
    times = pd.to_datetime(values, errors="coerce").dropna()
    return {} if times.empty else {"from": times.min().isoformat(), "to": times.max().isoformat()}


def decided(decision: str, *, enough: bool) -> str:
    """Return the decision, or that there are too few rows for any."""
    return decision if enough else "insufficient_data"


def rounded(value: Any) -> Any:
    """Keep six digits: more would differ between processors."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
