"""Splits by chance: a row's hash decides, so that it stays in its part when data grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_plugins import folds
from mlops_plugins.errors import ConfigurationError, DataError
from mlops_plugins.options import Field
from mlops_plugins.plugins.splits.parts import Parted, Parts, tell_copies

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.plugins.splits.rows import Rows
    from mlops_plugins.stages import Context


class Random(Parted):
    """Puts a share of the rows aside by a hash of the seed and their id, or their inputs if they have none."""

    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the rows that judge, 0 to 1.")
    duplicates: Literal["report", "together"] = Field(
        "report",
        description="Rows with the same inputs and several ids: report how many are in both parts, "
        "or keep them together by hashing the inputs and not the id.",
    )

    def _parts(self, context: Context, rows: Rows) -> Parts:
        by_id = context.data.id is not None and self.duplicates == "report"
        keys = identity(context, rows) if by_id else content(context, rows)
        parts = _dealt(keys, self._classes(context, rows, keys), self.test_share)
        if by_id and rows.inputs():
            advice = "; the split's option `duplicates: together` keeps them in one part"
            tell_copies(context, content(context, rows), parts, advice)
        return parts

    def _classes(self, context: Context, rows: Rows, keys: np.ndarray) -> np.ndarray:
        """Return each row's class as a number from 0: here there is one."""
        return one_class(keys)


class Stratified(Random):
    """Puts a share of each class aside by such a hash; a class of two rows or more is in both parts."""

    def _classes(self, context: Context, rows: Rows, keys: np.ndarray) -> np.ndarray:
        if context.data.task == "regression":
            raise ConfigurationError(
                "A stratified split needs classes, and the target is a number.",
                where="conf/config.yaml: split: stratified",
                expected="random, group, time or column",
                next_step="choose another split there: `split: random`",
            )
        encoded = rows.column(context.data.target).dictionary_encode()
        codes: np.ndarray = encoded.indices.to_numpy(zero_copy_only=False)
        return codes


class Group(Parted):
    """Puts a share of the groups aside by a hash of the seed and what the column says."""

    column: str = Field(description="The column that names a row's group, as a customer or a site.")
    test_share: float = Field(
        0.2, gt=0, lt=1, description="Share of the groups that judge, 0 to 1."
    )

    def _parts(self, context: Context, rows: Rows) -> Parts:
        name = rows.require(
            self.column, what="A split by group", where="conf/split/group.yaml: column"
        )
        keys = rows.hashes([name], context.seed)
        parts = _dealt(keys, one_class(keys), self.test_share)
        if inputs := rows.inputs(name):
            tell_copies(context, rows.hashes(inputs, context.seed), parts)
        return parts


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


def _dealt(keys: np.ndarray, classes: np.ndarray, share: float) -> Parts:
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
