"""Absolute limits: floors and ceilings of metrics, and a model whose files are intact."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.artifacts.model_folder import describe
from mlops_plugins.stages.gate.checks import Check, UncomputableError, guarded, number, read
from mlops_plugins.stages.gate.evidence import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.gate.evidence import Evidence


def intact(context: Context, model: Path) -> Check:
    """Check that the model's files are what its manifest says, without loading it.

    Raises:
        ModelError: A file of the model is missing or was changed.
        UncomputableError: The model is of another task.
    """
    described = describe(model)
    if described.task != context.data.task:
        raise UncomputableError(
            f"the model is for {described.task}, and data.task is {context.data.task}"
        )
    count = len(described.manifest["files"])
    return Check("model", "pass", f"the model's {count} files are as its manifest says")


def of_metrics(
    metrics: Path, evidence: Evidence, floors: Mapping[str, float], ceilings: Mapping[str, float]
) -> Iterator[Check]:
    """Give a check for each limit, and one of whether the evaluation's two files agree.

    Raises:
        ConfigurationError: A limit is about a metric that is not measured.
    """
    yield guarded("metrics", partial(_agree, metrics, evidence))
    try:
        measured = read(metrics)
    except UncomputableError:
        return  # the first check says it
    for option, limits in (("floors", floors), ("ceilings", ceilings)):
        for metric, limit in limits.items():
            _require_measured(metric, measured, where=f"conf/gate/champion.yaml: {option}.{metric}")
            yield _limit(metric, measured, metrics.name, limit, at_least=option == "floors")


def _agree(metrics: Path, evidence: Evidence) -> Check:
    measured, name, primary = read(metrics), metrics.name, evidence.primary
    if primary not in measured:
        return Check("metrics", "pass", f"{len(measured)} numbers were measured")
    value = number(measured, primary, file=name)
    if value != number(evidence.summary(), "value", file=f"{SUMMARY}: {primary}"):
        raise UncomputableError(f"{primary} in {name} is not the one in {SUMMARY}")
    return Check("metrics", "pass", f"{name} and {SUMMARY} agree")


def _require_measured(metric: str, measured: Mapping[str, Any], *, where: str) -> None:
    if metric not in measured:
        raise ConfigurationError(
            f"The gate has a limit for '{metric}', which is not measured."
            f"{did_you_mean(metric, measured)}",
            where=where,
            expected="one of " + ", ".join(k for k, v in measured.items() if isinstance(v, float)),
            next_step="correct it there",
        )


def _limit(
    metric: str, measured: Mapping[str, Any], file: str, limit: float, *, at_least: bool
) -> Check:
    name = f"{'floor' if at_least else 'ceiling'} of {metric}"

    def compare() -> Check:
        value = number(measured, metric, file=file)
        passed = value >= limit if at_least else value <= limit
        relation = (">=" if passed else "<") if at_least else ("<=" if passed else ">")
        reason = f"{metric} {value:.4f} {relation} {limit}"
        return Check(name, "pass" if passed else "block", reason, {"value": value, "limit": limit})

    return guarded(name, compare)
