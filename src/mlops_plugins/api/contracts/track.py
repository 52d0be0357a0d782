"""Track: record the finished pipeline, once for each distinct result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.tune import Trial


class Track(Protocol):
    """Record the finished pipeline, once for each distinct result."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Record `result` unless it is recorded already; write its `digest` to `output` as JSON."""
        ...


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run of the pipeline made, for a tracker.

    `trials` are the tuner's, if it searched, and `tuned_by` is the metric that they were compared by.
    `history` is the metrics logged while the model learnt: the steps and values of each metric.
    """

    digest: str
    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: tuple[Path, ...]
    tuned_by: str = ""
    trials: tuple[Trial, ...] = ()
    history: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)


CONTRACT: Final = Contract(
    stage="track",
    protocol=Track,
    outputs={"output": "reports/run.json"},
    needs=("result",),
    external=True,
    reads=(
        "data/raw.parquet",
        "models/model",
        "reports/metrics.json",
        "reports/evaluation",
        "reports/explanation",
        "reports/ingest.json",
        "reports/profile",
        "reports/report",
        "reports/tuning",
        "reports/validation.json",
        "reports/verdict.json",
    ),
    note="It writes to a system that is not DVC's, so it is never restored from DVC's cache; "
    "its output is in .gitignore, so that a fresh clone fills an empty store again.",
    formats=formats.TRACK,
)
