"""The cross-validation folds of the training rows, as folders of features."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import folds, tables
from mlops_plugins.artifacts.model_folder import training_rows
from mlops_plugins.stages.tune.space import FILE

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.api.context import Context

TRAIN, TEST = "train.parquet", "test.parquet"
"""What a folder of features holds; here both are of the training rows, none of the model's test rows."""


def write(
    context: Context, *, features: Path, splits: Path, count: int, output: Path
) -> list[Path]:
    """Write a folder of features for each fold, and return them in order.

    The folds are those that the split left; without them, `count` are drawn: windows of time if
    the data have a column of time, else stratified by class.

    Raises:
        DataError: Features and splits have not the same rows, or a fold cannot be scored.
    """
    table = _training_table(context, features, splits)
    folders = []
    for number, (train, test) in enumerate(_positions(context, table, splits, count), 1):
        folder = output / f"fold-{number}"
        test_rows = table.take(test)
        _require_classes(context, test_rows, number)
        tables.write(table.take(train), folder / TRAIN)
        tables.write(test_rows, folder / TEST)
        if (features / "recipe").exists():
            shutil.copytree(features / "recipe", folder / "recipe")
        folders.append(folder)
    return folders


def _training_table(context: Context, features: Path, splits: Path) -> pa.Table:
    table = training_rows(context, features)
    rows = tables.count(splits / TRAIN)
    if table.num_rows != rows:
        raise DataError(
            f"The features have {table.num_rows:,} training rows, and the split has {rows:,}.",
            where="data/features/train.parquet",
            expected="one row of features for each row of data/splits/train.parquet, in its order",
            next_step="let the features stage keep every row, or choose `tune: none`",
        )
    return table


def _positions(
    context: Context, table: pa.Table, splits: Path, count: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    if (splits / folds.FILE).exists():
        return folds.read(splits)
    if table.num_rows < 2 * count:
        raise DataError(
            f"{table.num_rows:,} training rows are too few for {count} folds.",
            where=f"{FILE}: folds: {count}",
            expected=f"at least {2 * count} rows",
            next_step="get more rows, or choose `tune: none`",
        )
    try:
        if context.data.time is None:
            return folds.positions(_drawn(context, table, count))
        times = _times(tables.read(splits / TRAIN), context.data.time)
        return folds.positions(folds.expanding(times, times[0] - times[0], count))
    except DataError as error:
        error.where = error.where.replace("conf/split/: folds", f"{FILE}: folds")
        raise


def _drawn(context: Context, table: pa.Table, count: int) -> pa.Table:
    rows = table.num_rows
    classes = np.zeros(rows, dtype=np.int64)
    if context.data.task != "regression":
        target = table.column(context.data.target).to_pandas()
        classes = target.astype("category").cat.codes.to_numpy().astype(np.int64) + 1
    return folds.stratified(np.random.default_rng(context.seed).random(rows), classes, count)


def _times(table: pa.Table, name: str) -> Any:
    """Return the column that orders the rows, of shape (rows,)."""
    missing = name not in table.column_names
    if missing or table.column(name).null_count:
        raise DataError(
            f"The column of time '{name}' is missing."
            if missing
            else f"The column of time '{name}' has no value in some training rows.",
            where="data/splits/train.parquet",
            expected="a time in each row, to score trials on later rows",
            next_step="correct data.time in conf/config.yaml, or give the split the option `folds: 3`",
        )
    times = table.column(name).to_numpy()
    if times.dtype.kind not in "Miuf":
        raise DataError(
            f"The column of time '{name}' holds neither times nor numbers.",
            where="data/splits/train.parquet",
            expected="a column whose order is that of time",
            next_step="give it the type datetime in schema.yaml, or give the split the option `folds: 3`",
        )
    return times


def _require_classes(context: Context, test_rows: pa.Table, number: int) -> None:
    if context.data.task != "binary":
        return
    if len(test_rows.column(context.data.target).drop_null().unique()) < 2:
        raise DataError(
            f"The test rows of fold {number} are of one class.",
            where=f"{FILE}: folds, or those of the split",
            expected="rows of both classes in each fold",
            next_step="set fewer folds there, or get more rows",
        )
