"""What was measured while a model learnt, kept beside it: `{metric: [[step, value], ...]}`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import LogMetric

FILE = "history.json"

Series = dict[str, list[tuple[int, float]]]


@dataclass(frozen=True)
class Recorder:
    """Keeps each finite metric that has a step, and passes all of them on.

    Attributes:
        passed_to: Who gets each metric too.
        series: The metrics so far.
    """

    passed_to: LogMetric
    series: Series = field(default_factory=dict)

    def __call__(self, metric: str, value: float, step: int | None = None) -> None:
        """Take a metric."""
        if step is not None and math.isfinite(value):
            self.series.setdefault(metric, []).append((step, float(value)))
        self.passed_to(metric, value, step)


def write(folder: Path, series: Series) -> None:
    """Write the series into a model folder, even if there are none."""
    files.write_text(folder / FILE, json.dumps(series) + "\n")


def read(folder: Path) -> Series:
    """Return a model folder's series; none if it is older than they are."""
    path = folder / FILE
    if not path.exists():
        return {}
    read: dict[str, list[list[float]]] = files.read_json(path)
    return {
        metric: [(int(step), float(value)) for step, value in points]
        for metric, points in read.items()
    }
