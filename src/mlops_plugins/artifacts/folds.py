"""Cross-validation folds of the training rows, which a split may leave for tuning to use.

`folds.parquet` has a row for each of `train.parquet`'s, in its order: `row`, its position from 0;
`fold`, the fold in which it is a test row, or -1; and `trains_from`, the first fold in which it may
train. In fold k a row is a test row if its `fold` is k, and else trains if its `trains_from` is at
most k: this describes expanding windows, and a gap before them, as well as folds at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

FILE = "folds.parquet"


def read(splits: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of each fold's training and test rows, as scikit-learn's `cv` takes them.

    Args:
        splits: The folder of `train.parquet`.

    Raises:
        DataError: There are no folds, or not of these rows.
    """
    path = splits / FILE
    if not path.exists():
        raise DataError(
            "The split made no folds.",
            where=str(path),
            expected=f"{FILE} beside train.parquet",
            next_step="give the split the option `folds: 5`, and dvc repro",
        )
    table = tables.read(path)
    rows = tables.count(splits / "train.parquet")
    if table.num_rows != rows:
        raise DataError(
            f"The folds are of {table.num_rows:,} rows, and there are {rows:,} training rows.",
            where=str(path),
            next_step="dvc repro split",
        )
    return positions(table)


def positions(table: pa.Table) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of each fold's training and test rows.

    Args:
        table: As `stratified` and `expanding` make it.
    """
    fold, trains_from = (table.column(name).to_numpy() for name in ("fold", "trains_from"))
    return [
        (np.flatnonzero((trains_from <= k) & (fold != k)), np.flatnonzero(fold == k))
        for k in range(int(fold.max()) + 1)
    ]


def stratified(keys: np.ndarray, classes: np.ndarray, count: int) -> pa.Table:
    """Put rows with uniform keys into folds: equal keys together, each class evenly.

    A fold is a range of keys, so that few rows change their fold when more are added.

    Args:
        keys: Of shape (rows,), uniform in their range.
        classes: Of shape (rows,), numbers from 0.
        count: Of folds.
    """
    distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    of_key = classes[first]
    sizes = np.bincount(of_key)
    order = np.argsort(of_key, kind="stable")
    place = np.empty(len(distinct), dtype=np.int64)
    place[order] = np.arange(len(distinct)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    fold = (place * count // sizes[of_key])[inverse]
    return _checked(fold, np.zeros_like(fold), count)


def expanding(times: np.ndarray, gap: Any, count: int) -> pa.Table:
    """Cut rows into windows of time, each tested by a model of the rows before it.

    Args:
        times: Of shape (rows,); equal ones stay together.
        gap: What is left out before each window, in the unit of times; 0 for nothing.
        count: Of windows; the first of one more such part only trains.
    """
    ordered = np.sort(times)
    begins = ordered[[(k + 1) * len(ordered) // (count + 1) for k in range(count)]]
    fold = np.searchsorted(begins, times, side="right") - 1
    trains_from = np.searchsorted(begins - gap, times, side="right")
    return _checked(fold, trains_from, count)


def _checked(fold: np.ndarray, trains_from: np.ndarray, count: int) -> pa.Table:
    import pyarrow as pa

    for k in range(count):
        for what, chosen in (
            ("test", fold == k),
            ("training", (trains_from <= k) & (fold != k)),
        ):
            if not chosen.any():
                raise DataError(
                    f"There are no {what} rows in fold {k + 1} of {count}.",
                    where=f"conf/split/: folds: {count}",
                    expected="a test row and a training row in each fold",
                    next_step="make fewer folds there, or get more rows",
                )
    columns = {"row": np.arange(len(fold)), "fold": fold, "trains_from": trains_from}
    return pa.table({name: values.astype(np.int32) for name, values in columns.items()})
