"""Which columns are compared, and whether they drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.artifacts.predicted import PREFIX, name_of
from mlops_plugins.stages.monitor import statistics
from mlops_plugins.stages.monitor.columns import (
    NUMERIC,
    PREDICTIONS,
    Table,
    finite_sample,
    floats,
    labels,
)
from mlops_plugins.stages.monitor.distribution import bars, histogram
from mlops_plugins.stages.monitor.report_parts import decided

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.schema import Schema
    from mlops_plugins.stages.monitor.options import Drift


def compared_columns(
    context: Context, schema: Schema, ignore: Iterable[str] = ()
) -> dict[str, str]:
    """Return the types of the columns to compare: the inputs that do not move with time, the score.

    The score says most about a classifier's inputs. Of more than two classes it is only the
    certainty, so there the predicted class is compared too.
    """
    left_out = {context.data.time, *ignore}
    types: dict[str, str] = {
        name: schema.columns[name].type
        for name in schema.inputs
        if name not in left_out and schema.columns[name].type != "datetime"
    }
    types[name_of("score", schema.columns)] = "number"
    if context.data.task == "multiclass":
        types[name_of("prediction", schema.columns)] = "category"
    return types


def compare(
    before: Table,
    after: Table,
    types: dict[str, str],
    limits: Drift,
    *,
    seed: int,
    predictions: Container[str] = PREDICTIONS,
    enough: bool = True,
) -> dict[str, Any]:
    """Return the report's section `drift` on columns of these types, those that moved most first.

    `predictions` are the names that the model's columns have here.
    """
    columns = [
        {**_role(name, predictions), **_column(name, types[name], before, after, limits, seed)}
        for name in types
    ]
    _decide([test for column in columns for test in column["tests"]], limits.alpha, enough=enough)
    for column in columns:
        column["decision"] = _column_decision(column["tests"])
        column["strength"] = max(
            (test["effect"] / test["threshold"] for test in column["tests"]), default=0.0
        )
    columns.sort(key=lambda column: (-column["strength"], column["name"]))
    return _section(columns, limits.min_drifted_share, enough=enough)


def _role(name: str, predictions: Container[str]) -> dict[str, str]:
    return {"name": name, "role": "prediction" if name in predictions else "input"}


def _column(
    name: str, kind: str, before: Table, after: Table, limits: Drift, seed: int
) -> dict[str, Any]:
    column: dict[str, Any] = {
        "type": kind,
        "tests": [],
    }
    old, new = before.read(name), after.read(name)
    if old is None or new is None:
        return column
    if kind in NUMERIC:
        return column | _numeric(old, new, limits, seed)
    return column | _categorical(old, new, kind, limits)


def _numeric(old: pd.Series[Any], new: pd.Series[Any], limits: Drift, seed: int) -> dict[str, Any]:
    before, after = floats(old), floats(new)
    missing = statistics.missing_drift(~np.isfinite(before), ~np.isfinite(after))
    reference, current = finite_sample(before, seed), finite_sample(after, seed)
    values = statistics.numeric_drift(reference, current)
    return {
        "tests": _tests(
            (values, limits.min_effect_numeric), (missing, limits.min_effect_categorical)
        ),
        "psi": statistics.numeric_psi(reference, current, limits.alpha),
        "distribution": histogram(reference, current),
    }


def _categorical(
    old: pd.Series[Any], new: pd.Series[Any], kind: str, limits: Drift
) -> dict[str, Any]:
    reference, current = labels(old, kind), labels(new, kind)
    counts = statistics.pooled(reference.value_counts(), current.value_counts())
    values = statistics.categorical_drift(counts)
    missing = statistics.missing_drift(reference.isna().to_numpy(), current.isna().to_numpy())
    return {
        "tests": _tests(
            (values, limits.min_effect_categorical), (missing, limits.min_effect_categorical)
        ),
        "psi": statistics.psi(counts["reference"], counts["current"], limits.alpha),
        "distribution": bars(counts),
    }


def _tests(*changes: tuple[statistics.Change | None, float]) -> list[dict[str, Any]]:
    return [vars(change) | {"threshold": floor} for change, floor in changes if change]


def _decide(tests: list[dict[str, Any]], alpha: float, *, enough: bool) -> None:
    p_values = statistics.adjusted([test["p"] for test in tests])
    for test, p in zip(tests, p_values, strict=True):
        drifts = p < alpha and test["effect"] >= test["threshold"]
        test |= {
            "p_adjusted": p,
            "alpha": alpha,
            "decision": decided("drift" if drifts else "ok", enough=enough),
        }


def _column_decision(tests: list[dict[str, Any]]) -> str:
    decisions = {test["decision"] for test in tests}
    if not decisions:
        return "not_compared"
    return next(word for word in ("insufficient_data", "drift", "ok") if word in decisions)


def _section(columns: list[dict[str, Any]], min_share: float, *, enough: bool) -> dict[str, Any]:
    tested = [column for column in columns if column["role"] == "input" and column["tests"]]
    moved = [column for column in columns if column["decision"] == "drift"]
    inputs = [column["name"] for column in moved if column["role"] == "input"]
    share = len(inputs) / len(tested) if tested else 0.0
    prediction = len(moved) > len(inputs)
    drifts = prediction or share >= min_share
    return {
        "status": decided("drift" if drifts else "ok", enough=enough),
        "reasons": _reasons(moved, len(tested)),
        "n_columns": len(tested),
        "n_drifted": len(inputs),
        "share": share,
        "threshold": min_share,
        "prediction": decided("drift" if prediction else "ok", enough=enough),
        "columns": columns,
    }


def _reasons(moved: list[dict[str, Any]], tested: int) -> list[str]:
    names = [f"'{column['name']}'" for column in moved if column["role"] == "input"]
    reasons = [
        f"the model's {column['name'].removeprefix(PREFIX)} drifted: its effect is {column['strength']:.1f} times "
        "what is tolerated"
        for column in moved
        if column["role"] == "prediction"
    ]
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        reasons.append(f"{len(names)} of {tested} columns drifted: {', '.join(names[:5])}{more}")
    return reasons
