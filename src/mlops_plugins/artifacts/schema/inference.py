"""Inferring a schema from all rows of a table, a batch at a time."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts.raw_table import plain, plain_type
from mlops_plugins.artifacts.schema.description import Column, Schema, Type
from mlops_plugins.artifacts.schema.dtypes import MAX_INTEGER
from mlops_plugins.artifacts.schema.guess import Guess, Guesser, is_looked_at
from mlops_plugins.artifacts.schema.row_numbers import candidates, row_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.api.context import Data
    from mlops_plugins.artifacts.raw_table import RawTable

MAX_CATEGORIES = 200
"""A text column with more distinct values than this is inferred as text, not as a category."""

MAX_CLASSES = 10_000
"""A target with more distinct values than this is no class."""


def infer_table(table: RawTable, data: Data) -> Schema:
    """Infer the schema of all rows.

    Raises:
        DataError: A column holds what no type is for, or the target has too many classes.
    """
    columns = _begin(table.types, table.stored, data, where=table.file.path.name)
    for batch in table.batches():
        for name, array in batch.columns.items():
            columns[name].add(array)
    looked_at = (batch.columns for batch in table.batches(candidates(table.types)))
    return _schema(columns, data, row_numbers(looked_at, table.types, data))


def infer(frame: pd.DataFrame, data: Data) -> Schema:
    """Infer the schema of a frame's rows.

    Raises:
        DataError: A column holds what no type is for, or values of several kinds.
    """
    import pyarrow as pa

    arrays: dict[str, pa.Array] = {}
    for name in frame.columns:
        try:
            arrays[str(name)] = _one_chunk(pa.array(frame[name], from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise DataError(
                f"The column '{name}' holds values of several kinds.",
                where=f"column {name}: {' '.join(str(error).split())[:200]}",
                expected="numbers, or text, or times",
                next_step="make them one kind where the table is made",
            ) from None
    stored = {name: array.type for name, array in arrays.items()}
    types = {name: plain_type(each) for name, each in stored.items()}
    columns = _begin(types, stored, data, where="the table")
    values = {name: plain(arrays[name], types[name]) for name in columns}
    for name, one in columns.items():
        one.add(values[name])
    return _schema(columns, data, row_numbers([values], types, data))


def _one_chunk(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if hasattr(array, "chunks") else array


def _begin(
    types: Mapping[str, pa.DataType | None],
    stored: Mapping[str, pa.DataType],
    data: Data,
    *,
    where: str,
) -> dict[str, _Seen]:
    without = [name for name, kind in types.items() if kind is None]
    if without:
        listed = ", ".join(f"'{name}' ({stored[name]})" for name in without)
        raise DataError(
            f"No type of schema.yaml is for {len(without)} column(s): {listed}.",
            where=f"{where}: column {without[0]}",
            expected="numbers, booleans, text or times",
            next_step="turn them into such columns, or leave them out, where the table is made",
        )
    return {
        name: _Seen(
            name,
            stored[name],
            kind,
            is_class=name == data.target and data.task != "regression",
            may_be_written=is_looked_at(name, data),
        )
        for name, kind in types.items()
    }


def _schema(seen: Mapping[str, _Seen], data: Data, numbering: Sequence[str]) -> Schema:
    columns = {name: one.column() for name, one in seen.items()}
    left_out = {name: _unlimited(columns.pop(name)) for name in numbering}
    if data.id in columns:
        described = columns[data.id]
        if described.type == "category":
            described = replace(described, type="text")
        columns[data.id] = replace(described, min=None, max=None, values=None, unique=True)
    if data.weight in columns and columns[data.weight].type in ("integer", "number"):
        columns[data.weight] = replace(columns[data.weight], nullable=False, min=0, max=None)
    notes = {name: note for name in columns if (note := seen[name].note(columns[name]))}
    return Schema(
        columns=columns,
        target=data.target,
        id=data.id,
        weight=data.weight,
        notes=notes,
        left_out=left_out,
    )


def _unlimited(column: Column) -> Column:
    """Return a column that may hold any value of its type."""
    kind: Type = "text" if column.type == "category" else column.type
    return Column(type=kind, nullable=column.nullable)


@dataclass
class _Seen:
    """What the values of one column have been so far."""

    name: str
    stored: pa.DataType
    type: pa.DataType
    is_class: bool
    may_be_written: bool
    """Whether text may be meant as numbers or dates."""

    rows: int = 0
    nulls: int = 0
    low: Any = None
    high: Any = None
    distinct: set[Any] | None = field(default_factory=set)
    guesser: Guesser = field(default_factory=Guesser)

    def add(self, array: pa.Array) -> None:
        """Look at more of its values."""
        import pyarrow.compute as pc

        self.rows += len(array)
        self.nulls += array.null_count
        if array.null_count == len(array):
            return
        self._look_how_written(array)
        if not self._is_label():
            extremes = pc.min_max(array)
            low, high = extremes["min"].as_py(), extremes["max"].as_py()
            self.low = low if self.low is None else min(low, self.low)
            self.high = high if self.high is None else max(high, self.high)
        elif self.distinct is not None:
            self.distinct |= set(pc.unique(array.drop_null()).to_pylist())
            self._bound()

    def _look_how_written(self, array: pa.Array) -> None:
        from pyarrow import types

        is_text = types.is_string(self.type) and self.may_be_written
        if is_text and not self.guesser.gave_up:
            counts = array.drop_null().value_counts()
            values, numbers = counts.field("values"), counts.field("counts")
            self.guesser.add(zip(values.to_pylist(), numbers.to_pylist(), strict=True))

    def certain(self) -> Guess | None:
        """Return how the text is written, if it can be read in one way alone."""
        guess = self.guesser.guess()
        return guess if guess and guess.is_certain else None

    def _is_label(self) -> bool:
        from pyarrow import types

        if types.is_boolean(self.type) or types.is_timestamp(self.type):
            return False
        return self.is_class or not self._is_number()

    def _is_number(self) -> bool:
        from pyarrow import types

        return bool(types.is_integer(self.type) or types.is_floating(self.type))

    def _bound(self) -> None:
        """Forget the values when there are too many to list."""
        distinct = self.distinct or ()
        if self.is_class and len(distinct) > MAX_CLASSES:
            raise DataError(
                f"The target '{self.name}' has more than {MAX_CLASSES:,} different values.",
                where=f"column {self.name}",
                expected="a few classes",
                next_step="set data.task to regression in conf/config.yaml, or correct data.target",
            )
        if not self.is_class and len(distinct) > MAX_CATEGORIES:
            self.distinct = None

    def column(self) -> Column:
        """Describe the column."""
        from pyarrow import types

        nullable = self.nulls > 0
        if guess := self.certain():
            low, high = _range(guess.low, guess.high, integral=False)
            return Column(
                type=guess.type,
                nullable=nullable or guess.missing > 0,
                min=low,
                max=high,
                format=guess.formats[0],
            )
        if types.is_boolean(self.type):
            return Column(type="boolean", nullable=nullable)
        if types.is_timestamp(self.type):
            return Column(type="datetime", nullable=nullable)
        if self._is_label():
            if self.distinct is None:
                return Column(type="text", nullable=nullable)
            values = self.distinct if self._is_number() else {str(one) for one in self.distinct}
            return Column(type="category", nullable=nullable, values=tuple(sorted(values)))
        # Floats are numbers even where all are integers so far: a later 2.5 would be refused.
        integral = types.is_integer(self.type) and self._fits_an_integer()
        low, high = _range(self.low, self.high, integral=integral)
        return Column(
            type="integer" if integral else "number", nullable=nullable, min=low, max=high
        )

    def _fits_an_integer(self) -> bool:
        return self.low is not None and -MAX_INTEGER <= self.low <= self.high <= MAX_INTEGER

    def note(self, column: Column) -> str:
        """Say what the description does not: how the values are converted, and what they were."""
        from pyarrow import types

        if types.is_timestamp(self.stored) and self.stored.tz is not None:
            return f"converted to UTC from {self.stored.tz}" if self.stored.tz != "UTC" else "UTC"
        if types.is_decimal(self.stored):
            return f"converted from {self.stored}"
        if guess := self.certain():
            how = f"written as {guess.example}"
            if guess.low is None or guess.high is None:
                return how
            return f"{how}; seen: {_short(guess.low)} to {_short(guess.high)}"
        if self.rows and self.nulls == self.rows:
            return "has no value at all"
        if column.min is not None:
            return f"seen: {_short(self.low)} to {_short(self.high)}"
        return ""


def _short(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _range(low: Any, high: Any, *, integral: bool) -> tuple[float, float] | tuple[None, None]:
    """Widen what was seen by half its span on each side; what was never negative stays so."""
    if low is None:
        return None, None
    number = int if integral else float
    low, high = number(low), number(high)
    # Halves, as the span itself may be larger than the largest float.
    margin = (high / 2 - low / 2) or 1.0
    wide_low = max(low - margin, 0.0 if low >= 0 else -sys.float_info.max)
    wide_high = min(high + margin, sys.float_info.max)
    rounded = int if integral else _six_digits
    # What was seen stays allowed, however it is rounded.
    return min(low, rounded(wide_low)), max(high, rounded(wide_high))


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
