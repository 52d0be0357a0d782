"""What all splits share: two parts and their folds, written while the rows pass by."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import folds, tables
from mlops_plugins.artifacts.batches import Writer
from mlops_plugins.stages.split.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from mlops_plugins.api.context import Context


@dataclass(frozen=True)
class Parts:
    """Which rows train and which judge: masks of shape (rows,), and no row in both.

    `folds` makes so many folds of the training rows.
    """

    train: np.ndarray
    test: np.ndarray
    folds: Callable[[int], pa.Table]


class Parted(Component):
    """Puts rows aside to judge the model."""

    folds: int | None = Field(
        None,
        ge=2,
        description="Cross-validation folds to make of the training rows, for tuning; null for none.",
    )

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write both parts, each in the order of the table, and the folds if any are asked for."""
        with Rows.of(context, table) as rows:
            parts = self._parts(context, rows)
            _refuse_an_empty_part(parts)
            _write(rows, parts, output)
            if self.folds is not None:
                tables.write(parts.folds(self.folds), output / folds.FILE)
        trains, judges = int(parts.train.sum()), int(parts.test.sum())
        neither = len(parts.train) - trains - judges
        context.log(
            f"{trains:,} rows train, {judges:,} judge"
            + (f", {neither:,} do neither" if neither else "")
            + (f"; {self.folds} folds" if self.folds else "")
        )

    @abstractmethod
    def _parts(self, context: Context, rows: Rows) -> Parts:
        """Decide, by as few columns as possible."""


def _refuse_an_empty_part(parts: Parts) -> None:
    for mask, what in ((parts.train, "trains"), (parts.test, "judges")):
        if not mask.any():
            raise DataError(
                f"No row {what}, of {len(mask):,} that have a target.",
                where="conf/split/",
                expected="rows in both parts",
                next_step="get more rows; or change test_share there, or the column that splits",
            )


def _write(rows: Rows, parts: Parts, output: Path) -> None:
    import pyarrow as pa

    schema, begin = rows.file.schema, 0
    with (
        Writer(output / "train.parquet", schema) as train,
        Writer(output / "test.parquet", schema) as test,
    ):
        for batch in rows.batches():
            end = begin + batch.num_rows
            train.write(batch.filter(pa.array(parts.train[begin:end])))
            test.write(batch.filter(pa.array(parts.test[begin:end])))
            begin = end


def tell_copies(context: Context, content: np.ndarray, parts: Parts, advice: str = "") -> None:
    """Say how many judging rows the model has seen already: rows whose inputs equal a training row's.

    Args:
        context: Whom to tell.
        content: The hash of each row's inputs.
        parts: Where the rows go.
        advice: What to do about it.
    """
    import numpy as np

    count = int(np.isin(content[parts.test], content[parts.train]).sum())
    if count:
        context.log(
            f"{count:,} of {int(parts.test.sum()):,} judging rows have the inputs of a training row"
            + advice
        )
