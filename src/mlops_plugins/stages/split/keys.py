"""The keys by which rows are put aside: hashes of an id, or of what a row holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import folds
from mlops_plugins.stages.split.parts import Parts

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


def identity(context: Context, rows: Rows) -> np.ndarray:
    """Return the hash of each row's id.

    Raises:
        ConfigurationError: There is no such column.
        DataError: It has nulls.
    """
    name = rows.require(
        context.data.id, what="A split by the id", where="conf/config.yaml: data.id"
    )
    return rows.hashes([name], context.seed)


def content(context: Context, rows: Rows, *without: str) -> np.ndarray:
    """Return the hash of each row's inputs, of all but these columns.

    Without the target: a label that is corrected moves no row, and rows that differ by nothing else
    stay together.

    Raises:
        DataError: There are none.
    """
    inputs = rows.inputs(*without)
    if not inputs:
        raise DataError(
            "There is no column but the target, so rows cannot be told apart.",
            where="data/validated.parquet: columns",
            expected="inputs, or an id that data.id names",
            next_step="check the data",
        )
    return rows.hashes(inputs, context.seed)


def one_class(keys: np.ndarray) -> np.ndarray:
    """Return the class of rows that are not told apart."""
    import numpy as np

    return np.zeros(len(keys), np.int32)


def share_of(keys: np.ndarray, classes: np.ndarray, share: float) -> Parts:
    """Let the rows judge whose key is in the lowest share of the range of keys."""
    import numpy as np

    test = keys < np.uint64(int(share * 2.0**64))
    test = _representing(test, keys, classes)
    return Parts(~test, test, lambda count: folds.drawn(keys[~test], classes[~test], count))


def _representing(test: np.ndarray, keys: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Let a class that is left out of a part be in both: its lowest key judges, its highest trains.

    Where there is but one key, it trains. Rows of other classes with the same key go with it.
    """
    import numpy as np

    count = int(classes.max()) + 1
    lowest, highest = np.full(count, keys.max()), np.full(count, keys.min())
    np.minimum.at(lowest, classes, keys)
    np.maximum.at(highest, classes, keys)
    judged = np.bincount(classes[test], minlength=count) > 0
    test = test | np.isin(keys, lowest[~judged])
    trained = np.bincount(classes[~test], minlength=count) > 0
    return test & ~np.isin(keys, highest[~trained])
