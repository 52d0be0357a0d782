"""What all splits share: training and test rows and their folds, written while the rows pass by."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import folds, tables
from mlops_plugins.artifacts.batches import Writer
from mlops_plugins.stages.split.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.api.context import Context


@dataclass(frozen=True)
class HoldOut:
    """Which rows are for training and which for testing: masks of shape (rows,), and no row in both.

    `folds` makes so many folds of the training rows.
    """

    train: np.ndarray
    test: np.ndarray
    folds: Callable[[int], pa.Table]


class HoldOutSplit(Component):
    """Holds rows out to test the model."""

    folds: int | None = Field(
        None,
        ge=2,
        description="Cross-validation folds to make of the training rows, for tuning; null for none.",
    )

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write both sets, each in the order of the table, and the folds if there are to be any."""
        with Rows.of(context, table) as rows:
            held_out = self._hold_out(context, rows)
            _refuse_an_empty_set(held_out)
            _refuse_untrained_classes(context, rows, held_out)
            _write(rows, held_out, output)
            if self.folds is not None:
                tables.write(held_out.folds(self.folds), output / folds.FILE)
            missing = rows.file.rows - len(held_out.train)
        train, test = int(held_out.train.sum()), int(held_out.test.sum())
        neither = len(held_out.train) - train - test
        context.log(
            f"{train:,} training rows, {test:,} test rows"
            + (f", {neither:,} in neither set" if neither else "")
            + (f", {missing:,} left out as they have no target" if missing else "")
            + (f"; {self.folds} folds" if self.folds else "")
        )

    @abstractmethod
    def _hold_out(self, context: Context, rows: Rows) -> HoldOut:
        """Decide, by as few columns as possible."""


def _refuse_an_empty_set(held_out: HoldOut) -> None:
    for mask, name in ((held_out.train, "training"), (held_out.test, "test")):
        if not mask.any():
            raise DataError(
                f"There are no {name} rows, of {len(mask):,} that have a target.",
                where="conf/split/",
                expected="training rows and test rows",
                next_step="get more rows; or change test_share there, or the column that splits",
            )


def _refuse_untrained_classes(context: Context, rows: Rows, held_out: HoldOut) -> None:
    """Refuse test rows of a class of which there is no training row: no model could be scored."""
    if context.data.task == "regression":
        return
    encoded = rows.column(context.data.target).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    lost = np.setdiff1d(codes[held_out.test], codes[held_out.train])
    if len(lost):
        in_test = int((codes[held_out.test] == lost[0]).sum())
        more = f", and {len(lost) - 1} other class(es)" if len(lost) > 1 else ""
        raise DataError(
            f"The class {encoded.dictionary[int(lost[0])].as_py()!r} of '{context.data.target}' is in "
            f"{in_test:,} test row(s) and in no training row{more}.",
            where="conf/split/",
            expected="training rows of each class",
            next_step="correct the rows if the label is a mistake; get more rows of the class; or "
            "choose split: stratified in conf/config.yaml, which keeps a class of two rows in both",
        )


def _write(rows: Rows, held_out: HoldOut, output: Path) -> None:
    import pyarrow as pa

    schema, begin = rows.file.schema, 0
    with (
        Writer(output / "train.parquet", schema) as train,
        Writer(output / "test.parquet", schema) as test,
    ):
        for batch in rows.batches():
            end = begin + batch.num_rows
            train.write(batch.filter(pa.array(held_out.train[begin:end])))
            test.write(batch.filter(pa.array(held_out.test[begin:end])))
            begin = end


def log_duplicates(
    context: Context, hashes: np.ndarray, held_out: HoldOut, advice: str = ""
) -> None:
    """Log how many test rows the model has seen already: rows whose inputs equal a training row's.

    Args:
        context: Where to log.
        hashes: The hash of each row's inputs.
        held_out: Which rows are for training, and which for testing.
        advice: What to do about it.
    """
    test = hashes[held_out.test]
    count = int(np.isin(test, hashes[held_out.train]).sum())
    if count:
        context.log(
            f"{count:,} of {len(test):,} test rows have the inputs of a training row{advice}"
        )
