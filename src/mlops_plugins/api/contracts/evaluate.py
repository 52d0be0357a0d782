"""Evaluate: measure the model on rows that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import EVALUATION, METRICS, MODEL
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Evaluate(Protocol):
    """Measure the model on rows it has not seen."""

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write the numbers to `metrics`, and all else into the folder `output`.

        `metrics` is flat JSON, for DVC to show. In `output` are `summary.json` (for each metric its
        `value`, 95 % interval `low` and `high`, and the trivial `baseline`'s; among them the task's
        `scoring.PRIMARY`, by which gates compare), `predictions.parquet` (the raw rows with
        `prediction` and `score`), the CSV files that `dvc.yaml` plots, tables and pictures. A gate
        reads more where it is: `slices.json`, whose entries hold a `slice` for `slices.of_dict`.
        """
        ...


CONTRACT: Final = Contract(
    stage="evaluate",
    protocol=Evaluate,
    inputs={"model": MODEL, "splits": "data/splits"},
    outputs={"metrics": METRICS, "output": EVALUATION},
    parameters=("data", "seed", "threads"),
    metrics=frozenset({"metrics"}),
    note="It trains on shares of the rows, for the learning curve.",
    formats=formats.EVALUATE,
)
