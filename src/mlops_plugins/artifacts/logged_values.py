"""Logged values as arrays of the types that a schema gives, and ids as what they are compared by."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.schema.dtypes import convert, kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import pyarrow as pa

    from mlops_plugins.artifacts.schema import Column

    Values: TypeAlias = Sequence[Any] | pa.Array
    """Values of Python's types, or an array."""

NATIVE = {"integer": int, "integer category": int, "number": float, "boolean": bool}
"""The types of Python's values that need no conversion."""

INTEGER = re.compile(r"\s*([+-]?)0*(\d+)(?:\.0*)?\s*")


def key(value: object, column: Column | None) -> str | None:
    """Return what an id is compared by: 7, 7.0 and "7" are one; "007" is too where ids are integers.

    None for a missing one, which equals no other.
    """
    import pandas as pd

    if value is None or value is pd.NaT or value != value:
        return None
    text = _text(value)
    if column is not None and column.type == "integer":
        number = INTEGER.fullmatch(text)
        return f"{number[1].removeprefix('+')}{number[2]}" if number else text
    if column is not None and column.type == "datetime":
        times, unreadable = convert(pd.Series([value], dtype=object), column)
        return text if unreadable[0] else str(times.iloc[0])
    return text


def arrow_type(column: Column) -> pa.DataType:
    """Return the type that a column's values are stored as."""
    import pyarrow as pa

    types = {
        "integer": pa.int64(),
        "integer category": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("us"),
    }
    return types.get(kind(column), pa.string())


def typed(values: Values, column: Column) -> pa.Array | None:
    """Return values as an array of the column's type; None if one of them is none of that type."""
    import pyarrow as pa
    from pyarrow import types as t

    wanted = arrow_type(column)
    if isinstance(values, pa.Array):
        stored = values.type
        numeric = t.is_integer(stored) and not t.is_uint64(stored)
        times = t.is_timestamp(stored) and wanted == pa.timestamp("us")
        simple = (numeric and wanted in (pa.int64(), pa.float64())) or (
            t.is_floating(stored) and wanted == pa.float64()
        )
        if simple or times or stored == wanted or t.is_null(stored):
            return values.cast(wanted, safe=False)
    if wanted == pa.string():
        return as_text(values)
    plain = plain_values(values)
    # Most columns are of one type; integers are read eight times as fast so, numbers twice.
    if {type(value) for value in plain} <= {type(None), NATIVE.get(kind(column))}:
        with suppress(OverflowError):
            return pa.array(plain, wanted)
    read = _integers if wanted == pa.int64() else _converted
    return read(plain, column)


def _integers(values: Sequence[Any], _column: Column) -> pa.Array | None:
    """Read integers exactly, also beyond 2**53, and those that were written as text."""
    import pyarrow as pa

    read = [None if value is None else INTEGER.fullmatch(_text(value)) for value in values]
    if any(one is None and value is not None for one, value in zip(read, values, strict=True)):
        return None
    try:
        return pa.array([None if one is None else int(one[1] + one[2]) for one in read], pa.int64())
    except OverflowError:
        return None


def _converted(values: Sequence[Any], column: Column) -> pa.Array | None:
    import pandas as pd
    import pyarrow as pa

    try:
        series, unreadable = convert(pd.Series(values, dtype=object), column)
    except (TypeError, ValueError):  # what pandas says of lists and objects
        return None
    if unreadable.any():
        return None
    if kind(column) == "boolean":
        return pa.array([None if pd.isna(value) else bool(value) for value in series], pa.bool_())
    return pa.array(series, arrow_type(column), from_pandas=True)


def as_text(values: Values) -> pa.Array:
    """Return values as text, as it stands in a file: 3.0 is a 3 of a column with nulls."""
    import pyarrow as pa

    texts = [
        value if value is None or type(value) is str else _text(value)
        for value in plain_values(values)
    ]
    return pa.array(texts, pa.string())


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def plain_values(values: Values) -> Sequence[Any]:
    """Return values as Python has them, NaN as None."""
    listed: Sequence[Any] = getattr(values, "to_pylist", lambda: values)()
    return [None if isinstance(value, float) and value != value else value for value in listed]
