"""A split that was made elsewhere: a column says where each row belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts import folds
from mlops_plugins.stages.split.holdout import HoldOut, HoldOutSplit, log_duplicates
from mlops_plugins.stages.split.keys import id_hashes, input_hashes, one_class
from mlops_plugins.stages.split.rows import TABLE

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows

SETS = ("train", "test")


class Column(HoldOutSplit):
    """Takes the rows of which a column says `test` as test rows, and those of which it says `train` for training."""

    column: str = Field(description="The column that says `train` or `test` of each row.")

    def _hold_out(self, context: Context, rows: Rows) -> HoldOut:
        import pyarrow.compute as pc

        name = rows.require(
            self.column, what="A split by a column", where="conf/split/column.yaml: column"
        )
        values = rows.column(name)
        _refuse_other_values(values, name)
        test = pc.equal(values, "test").to_numpy(zero_copy_only=False)

        def make_folds(count: int) -> Any:
            by_id = context.data.id is not None
            keys = id_hashes(context, rows) if by_id else input_hashes(context, rows, name)
            return folds.stratified(keys[~test], one_class(keys[~test]), count)

        held_out = HoldOut(~test, test, make_folds)
        if rows.inputs(name):
            log_duplicates(context, input_hashes(context, rows, name), held_out)
        return held_out


def _refuse_other_values(values: Any, column: str) -> None:
    """Go on only if there are no values but the two."""
    others = sorted({str(value) for value in values.unique().to_pylist()} - {*SETS})
    if not others:
        return
    first = next(row for row, value in enumerate(values.to_pylist(), 1) if str(value) == others[0])
    more = f" and {len(others) - 1} other value(s)" if len(others) > 1 else ""
    raise DataError(
        f"The column '{column}' says {others[0]!r}{more}.{did_you_mean(others[0], SETS)}",
        where=f"{TABLE}: column {column}, row {first} of those with a target",
        expected="train or test",
        next_step="correct the data, or column in conf/split/column.yaml",
    )
