"""The keys by which rows are held out: hashes of an id, or of a row's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import folds
from mlops_plugins.stages.split.holdout import HoldOut

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


def id_hashes(context: Context, rows: Rows) -> np.ndarray:
    """Return the hash of each row's id.

    Raises:
        ConfigurationError: There is no such column.
        DataError: It has nulls.
    """
    name = rows.require(
        context.data.id, what="A split by the id", where="conf/config.yaml: data.id"
    )
    return rows.hashes([name], context.seed)


def input_hashes(context: Context, rows: Rows, *without: str) -> np.ndarray:
    """Return the hash of each row's inputs, of all but these columns.

    Without the target: a label that is corrected moves no row, and rows that differ by nothing else
    stay together.

    Raises:
        DataError: There are none.
    """
    inputs = rows.inputs(*without)
    if not inputs:
        raise DataError(
            "There is no column but the target, so rows cannot be distinguished.",
            where="data/validated.parquet: columns",
            expected="inputs, or an id that data.id names",
            next_step="check the data",
        )
    return rows.hashes(inputs, context.seed)


def one_class(keys: np.ndarray) -> np.ndarray:
    """Return one class for all rows."""
    return np.zeros(len(keys), np.int32)


def hold_out_share(keys: np.ndarray, classes: np.ndarray, share: float) -> HoldOut:
    """Hold out the rows whose key is in the lowest share of the range of keys."""
    test = keys < np.uint64(int(share * 2.0**64))
    test = _represent_each_class(test, keys, classes)
    return HoldOut(~test, test, lambda count: folds.stratified(keys[~test], classes[~test], count))


def _represent_each_class(test: np.ndarray, keys: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Put a class that is left out of a set into both: its lowest key tests, its highest trains.

    Where there is only one key, it trains. Rows of other classes with the same key go with it.
    """
    count = int(classes.max()) + 1
    lowest, highest = np.full(count, keys.max()), np.full(count, keys.min())
    np.minimum.at(lowest, classes, keys)
    np.maximum.at(highest, classes, keys)
    tested = np.bincount(classes[test], minlength=count) > 0
    test = test | np.isin(keys, lowest[~tested])
    trained = np.bincount(classes[~test], minlength=count) > 0
    return test & ~np.isin(keys, highest[~trained])
