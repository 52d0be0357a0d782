"""The report: every column, its relation to the target, and what a reader should notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_plugins.stages.profile import columns, relations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.api.context import Data
    from mlops_plugins.stages.profile.sample import Sample

MANY_MISSING: Final = 0.2
RARE: Final = 0.05
SUSPICIOUS: Final = 0.95
"""A column that explains so much of the target alone is more likely a leak than luck."""


def make(sample: Sample, data: Data) -> dict[str, Any]:
    """Return the report as plain data."""
    known = sample.frame[data.target].notna()
    frame = sample.frame[known].reset_index(drop=True)
    target = relations.as_numbers(frame[data.target], data.task)
    no_features = (data.target, data.id, data.weight)
    described = [
        _column(name, sample, data) | ({} if name in no_features else _against(frame[name], target))
        for name in map(str, sample.frame.columns)
    ]
    report = {
        "rows": sample.rows,
        "rows_looked_at": len(sample.frame),
        "task": data.task,
        "target": data.target,
        "columns": described,
        "correlations": relations.correlations(
            frame, [str(name) for name in frame if name not in no_features]
        ),
    }
    return report | {"notes": list(_notes(report))}


def _column(name: str, sample: Sample, data: Data) -> dict[str, Any]:
    roles = {data.target: "target", data.id: "id", data.time: "time", data.weight: "weight"}
    missing, values = sample.nulls[name], sample.frame[name]
    if name == data.target and data.task != "regression":
        values = values.dropna().map(str)  # classes, also where they are numbers
    return {
        "name": name,
        "role": roles.get(name, "feature"),
        "missing": missing,
        "missing_share": missing / max(sample.rows, 1),
        **columns.describe(values),
    }


def _against(series: Any, target: Any) -> dict[str, Any]:
    return {
        "explains": relations.explained(series, target),
        "target_by_group": relations.by_group(series, target),
    }


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader should not miss, the gravest first."""
    described = report["columns"]
    for column in described:
        if column.get("explains", 0) >= SUSPICIOUS:
            yield (
                f"'{column['name']}' alone explains {column['explains']:.0%} of the target: "
                "is it known when a prediction is made?"
            )
    for column in described:
        if column["distinct"] == 0:
            yield f"'{column['name']}' has no value at all"
        elif column["distinct"] == 1 and not column["missing"]:
            yield f"'{column['name']}' has only one value"
        elif column["missing_share"] >= MANY_MISSING:
            yield f"'{column['name']}' is missing in {column['missing_share']:.0%} of the rows"
        if column.get("infinite"):
            yield f"'{column['name']}' is infinite in {column['infinite']:,} rows"
    (target,) = [column for column in described if column["role"] == "target"]
    for name, share in target.get("categories", {}).items():
        if share < RARE:
            yield f"the class {name} is rare: {share:.1%} of the rows"
    for pair in report["correlations"]["strong"]:
        if abs(pair["value"]) >= SUSPICIOUS:
            yield f"'{pair['one']}' and '{pair['other']}' say nearly the same: {pair['value']:+.2f}"
