"""The rows that a monitor looks at, as Parquet: typed by the model's schema, with labels that arrived."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import predicted
from mlops_plugins.artifacts.batches import Writer
from mlops_plugins.artifacts.logged_values import arrow_type, as_text, key, plain_values, typed
from mlops_plugins.artifacts.schema import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.artifacts.logged_values import Values
    from mlops_plugins.artifacts.prediction_log import Block
    from mlops_plugins.artifacts.schema import Schema

GROUP_ROWS = 2**16
"""Rows that are held before they are written."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The targets that arrived.

    Attributes:
        id: The column that identifies a row.
        column: How the schema describes it.
        target: The column of the target.
        values: The target of each id that has one, by `key`.
    """

    id: str
    column: Column | None
    target: str
    values: Mapping[str | None, Any]

    @classmethod
    def of(cls, table: pd.DataFrame, *, identifier: str, target: str, described: Schema) -> Labels:
        """Take the labels of a table; the last one counts where an id has two."""
        known = table[table[identifier].notna() & table[target].notna()]
        column = described.columns.get(identifier)
        names = (key(value, column) for value in known[identifier])
        values = known[target].astype(object)
        pairs = zip(names, values, strict=True)
        return cls(id=identifier, target=target, column=column, values=dict(pairs))

    def of_rows(self, ids: Values) -> list[Any]:
        """Return the target of each id; None for one without a label, and for a missing one."""
        keys = (key(each, self.column) for each in plain_values(ids))
        return [None if each is None else self.values.get(each) for each in keys]


def write(
    blocks: Callable[[], Iterable[Block]], described: Schema, output: Path, labels: Labels | None
) -> list[str]:
    """Write the rows of blocks, and return the columns.

    A column has the type that the schema says; one with a value that is none of that type is text, so
    that the monitor sees what was there. What the schema does not describe is left out.

    Args:
        blocks: Gives the blocks; called again if a later block shows that a column's type does not fit.
        described: The model's schema.
        output: The Parquet file to write.
        labels: The targets, which take the place of those in the rows.
    """
    columns = _Columns(described, labels)
    if not _write(blocks(), columns, output):
        _write(blocks(), columns, output)
    return list(columns.types)


def _write(blocks: Iterable[Block], columns: _Columns, output: Path) -> bool:
    """Write the blocks; say whether the columns and types of the first one fit all of them."""
    writer, fits = None, True
    with ExitStack() as stack:
        for block in blocks:
            arrays, fitted = columns.arrays(block)
            if writer is None:
                schema = columns.schema()
                writer = stack.enter_context(Writer(output, schema, group_rows=GROUP_ROWS))
            else:
                fits = fits and fitted
            if fits:
                writer.write(_batch(arrays, block.rows, schema))
        if writer is None:
            stack.enter_context(Writer(output, columns.schema()))
    return fits


def _batch(arrays: Mapping[str, pa.Array], rows: int, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    given = [arrays.get(each.name, pa.nulls(rows, each.type)) for each in schema]
    return pa.RecordBatch.from_arrays(given, schema=schema)


class _Columns:
    """The columns that the blocks have had so far.

    Attributes:
        types: The type of each column.
    """

    def __init__(self, described: Schema, labels: Labels | None) -> None:
        self._described, self._labels = described, labels
        self.types: dict[str, pa.DataType] = {}

    def schema(self) -> pa.Schema:
        """Return the columns' types; without any row those of what a monitor expects."""
        import pyarrow as pa

        expected = {name: arrow_type(self._description(name)) for name in self._described.inputs}
        return pa.schema(list((self.types or expected).items()))

    def arrays(self, block: Block) -> tuple[dict[str, pa.Array], bool]:
        """Return a block's columns, and whether they are all of types that were known before."""
        import pyarrow as pa

        arrays, fits = {}, True
        for name, values in self._kept(block).items():
            known = self.types.get(name)
            array = None if known == pa.string() else typed(values, self._description(name))
            arrays[name] = as_text(values) if array is None else array
            if known != arrays[name].type:
                fits, self.types[name] = False, arrays[name].type
        return arrays, fits

    def _kept(self, block: Block) -> dict[str, Values]:
        raw = {*self._described.columns, self._described.id}
        kept = {name: values for name, values in block.raw.items() if name in raw}
        labels = self._labels
        if labels is not None:
            kept.pop(labels.target, None)
            if labels.id in kept:
                kept[labels.target] = labels.of_rows(kept[labels.id])
        columns = self._described.columns
        return kept | {
            predicted.name_of(name, columns): each for name, each in block.predicted.items()
        }

    def _description(self, name: str) -> Column:
        columns = self._described.columns
        if name in columns:
            return columns[name]
        if name == predicted.name_of("prediction", columns):
            target = columns.get(self._described.target, Column(type="text"))
            # Of integers too, a regression predicts numbers.
            return Column(type="number") if target.type == "integer" else target
        return Column(type="text" if name == self._described.id else "number")
