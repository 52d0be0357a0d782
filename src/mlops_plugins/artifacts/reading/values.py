"""Columns of Python values, from a sheet or a database."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

NUMBERS = {int, float, Decimal}


class MixedError(Exception):
    """A column has values of kinds that no type but text holds."""


def batch(names: Sequence[str], rows: Sequence[Sequence[Any]], *, where: str) -> pa.RecordBatch:
    """Return rows as a batch, each column of the narrowest type that holds its values.

    Raises:
        DataError: A column mixes numbers, text or times.
    """
    import pyarrow as pa

    columns = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        try:
            columns.append(column(values))
        except MixedError as error:
            raise mixed(name, str(error), where=where) from None
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def mixed(name: str, kinds: str, *, where: str) -> DataError:
    """Return the error for a column whose values are of several kinds."""
    return DataError(
        f"The column '{name}' mixes values of different kinds: {kinds}.",
        where=f"{where}: column {name}",
        expected="numbers, texts or times, one of them",
        next_step=f"convert it in the query: CAST({name} AS ...)",
    )


def column(values: Sequence[Any]) -> pa.Array:
    """Return values as an array of the narrowest type that holds them.

    Raises:
        MixedError: They are of several kinds.
    """
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {int}:
        try:
            return pa.array(values, pa.int64())
        except OverflowError:
            return pa.array([_each(value, float) for value in values], pa.float64())
    if kinds <= NUMBERS:
        return pa.array([_each(value, float) for value in values], pa.float64())
    if kinds == {dt.datetime} or kinds == {dt.datetime, dt.date}:
        return pa.array([_each(value, _moment) for value in values], pa.timestamp("us"))
    if kinds == {dt.timedelta}:
        return pa.array([_each(value, dt.timedelta.total_seconds) for value in values])
    if kinds & {dict, list}:
        return pa.array([_each(value, _json) for value in values], pa.string())
    if len(kinds) > 1:
        raise MixedError(" and ".join(sorted(kind.__name__ for kind in kinds)))
    kind = kinds.pop()
    if kind in (bool, str, dt.date, dt.time, bytes):
        return pa.array(values)
    return pa.array([_each(value, str) for value in values], pa.string())  # a UUID, an address


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    return None if value is None else change(value)


def _moment(value: dt.date) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
