"""Explain: say what the model's predictions depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import MODEL
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context


class Explain(Protocol):
    """Say what the model's predictions depend on."""

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write `importance.json`, `importance.csv` and pictures into the folder `output`."""
        ...

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return what each raw column adds to the score of `row`, a table of one raw row.

        `reference` is the Parquet table of scored test rows that the row is compared with.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a raw column adds to one row's score, with the 95 % interval of what was sampled."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RowExplanation:
    """Why a row has its score: `base` and all contributions add up to it.

    Attributes:
        base: The mean score of the rows that the row is compared with.
        contributions: What each raw column that the model takes adds; in a multiclass task, to the
            probability of the predicted class.
    """

    base: float
    contributions: Mapping[str, Contribution]


CONTRACT: Final = Contract(
    stage="explain",
    protocol=Explain,
    inputs={"model": MODEL, "splits": "data/splits"},
    outputs={"output": "reports/explanation"},
    optional=frozenset({"explain_row"}),
    parameters=("data", "seed"),
    formats=formats.EXPLAIN,
)
