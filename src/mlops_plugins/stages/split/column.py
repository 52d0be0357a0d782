"""A split that was made before: a column says where each row belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import DataError, did_you_mean
from mlops_plugins.artifacts import folds
from mlops_plugins.stages.split.keys import content, identity, one_class
from mlops_plugins.stages.split.parts import Parted, Parts, tell_copies
from mlops_plugins.stages.split.rows import TABLE

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows

PARTS = ("train", "test")


class Column(Parted):
    """Lets the rows judge of which a column says `test`, and those train of which it says `train`."""

    column: str = Field(description="The column that says `train` or `test` of each row.")

    def _parts(self, context: Context, rows: Rows) -> Parts:
        import pyarrow.compute as pc

        name = rows.require(
            self.column, what="A split by a column", where="conf/split/column.yaml: column"
        )
        said = rows.column(name)
        _refuse_other_words(said, name)
        test = pc.equal(said, "test").to_numpy(zero_copy_only=False)

        def drawn(count: int) -> Any:
            keys = identity(context, rows) if context.data.id else content(context, rows, name)
            return folds.drawn(keys[~test], one_class(keys[~test]), count)

        parts = Parts(~test, test, drawn)
        if rows.inputs(name):
            tell_copies(context, content(context, rows, name), parts)
        return parts


def _refuse_other_words(said: Any, column: str) -> None:
    """Go on only if there are no words but the two."""
    others = sorted({str(value) for value in said.unique().to_pylist()} - {*PARTS})
    if not others:
        return
    first = next(row for row, value in enumerate(said.to_pylist(), 1) if str(value) == others[0])
    more = f" and {len(others) - 1} other value(s)" if len(others) > 1 else ""
    raise DataError(
        f"The column '{column}' says {others[0]!r}{more}.{did_you_mean(others[0], PARTS)}",
        where=f"{TABLE}: column {column}, row {first} of those with a target",
        expected="train or test",
        next_step="correct the data, or column in conf/split/column.yaml",
    )
