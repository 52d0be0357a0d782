"""Reading a column's values as what the schema says they are: the one way, wherever rows come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.schema import written

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

    from mlops_plugins.artifacts.schema.description import Column

    Read = tuple["pd.Series[Any]", "np.ndarray"]
    """The values, null where they cannot be read; and a mask of those rows."""

MAX_INTEGER = 2**63 - 1

BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}

EXPECTED = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false, yes or no, 1 or 0",
    "datetime": "a time as ISO 8601 writes it, such as 2026-01-31 or 2026-01-31T08:00:00+01:00",
}


def convert(series: pd.Series[Any], column: Column) -> Read:
    """Give a column the one dtype that its type has, and a mask of the values that have no reading.

    integer int64 (float64 if nullable), number float64, boolean bool (float64 if nullable),
    category and text object with None for nulls, datetime datetime64[us], which is UTC. What cannot
    be read is null, and a column with nulls that may have none gets the dtype of a nullable one.
    """
    import pandas as pd

    readers: dict[str, Callable[..., Read]] = {
        "integer": _integers,
        "number": _numbers,
        "boolean": _booleans,
        "datetime": _datetimes,
    }
    reader: Callable[..., Read] = readers.get(kind(column), _labels)
    if reader is not _labels and isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    series = written.read(series, column.format, is_time=column.type == "datetime")
    return reader(series, column)


def kind(column: Column) -> str:
    """Return how a column is read: its type, or for a category that of its values."""
    if column.type != "category" or not column.values:
        return column.type
    kinds = {type(value) for value in column.values}
    names: dict[Any, str] = {
        bool: "boolean",
        int: "integer category",
        float: "number",
        str: "text category",
    }
    if len(kinds) == 1:
        return names.get(kinds.pop(), "text category")
    return "number" if kinds == {int, float} else "text category"


def expected(column: Column) -> str:
    """Say what a value of the column looks like."""
    what = EXPECTED.get(kind(column), EXPECTED["integer"])
    return f"{what.partition(' as ')[0]}, written as {column.format}" if column.format else what


def _numbers(series: pd.Series[Any], _column: Column | None = None) -> Read:
    import numpy as np
    import pandas as pd

    if series.dtype.kind in "mM":  # a time is no number, though pandas would count its ticks
        return pd.Series(np.nan, series.index), series.notna().to_numpy()
    numeric = pd.to_numeric(series, errors="coerce")
    if numeric.dtype.kind in "iu":
        return numeric.astype("float64"), np.zeros(len(series), dtype=bool)
    values = numeric.astype("float64")
    return values, (values.isna() & series.notna()).to_numpy()


def _integers(series: pd.Series[Any], column: Column) -> Read:
    """Read integers, without a detour through floats where those are not exact."""
    import numpy as np
    import pandas as pd

    numeric = series if series.dtype.kind in "mM" else pd.to_numeric(series, errors="coerce")
    if numeric.dtype.kind in "iu" and isinstance(numeric.dtype, np.dtype):
        unreadable = np.zeros(len(series), dtype=bool)
        if numeric.dtype == "uint64":
            unreadable = (numeric > MAX_INTEGER).to_numpy()
        if not unreadable.any():
            return numeric.astype("float64" if column.nullable else "int64"), unreadable
    values, unreadable = _numbers(series)
    numbers = values.to_numpy()
    # The floor of an infinity is one too. Floats have no 2**63 - 1: the next is 2**63.
    with np.errstate(invalid="ignore"):
        broken = (numbers != np.floor(numbers)) & ~np.isnan(numbers)
        unreadable = unreadable | broken | (numbers >= 2.0**63) | (numbers < -(2.0**63))
    values = values.mask(unreadable) if unreadable.any() else values
    null = column.nullable or values.isna().any()
    return (values if null else values.astype("int64")), unreadable


def _booleans(series: pd.Series[Any], column: Column) -> Read:
    import pandas as pd

    if series.dtype == object or not pd.api.types.is_numeric_dtype(series):
        series, original = series.astype(object).map(_boolean), series
    else:
        original = series
    values, _ = _numbers(series)
    unreadable = (~values.isin([0, 1]) & original.notna()).to_numpy()
    values = values.mask(unreadable) if unreadable.any() else values
    null = column.nullable or values.isna().any()
    return (values if null else values.astype("bool")), unreadable


def _boolean(value: object) -> object:
    return BOOLEANS.get(str(value).strip().lower())


def _datetimes(series: pd.Series[Any], _column: Column) -> Read:
    """Read times: those with a zone become UTC, and those without are taken as they are."""
    import numpy as np
    import pandas as pd

    if isinstance(series.dtype, pd.DatetimeTZDtype):
        times = series.dt.tz_convert("UTC").dt.tz_localize(None)
    elif series.dtype.kind == "M":
        times = series
    elif pd.api.types.is_numeric_dtype(series) or series.dtype.kind == "m":
        # Seconds, milliseconds, or days since when? Not for us to guess.
        times = pd.Series(np.datetime64("NaT", "us"), series.index)
    else:
        # One format for all rows. Guessed from the first one, 01/02 would mean now this, now that.
        read = pd.to_datetime(series, utc=True, format="ISO8601", errors="coerce")
        times = read.dt.tz_localize(None)
    return times.astype("datetime64[us]"), (times.isna() & series.notna()).to_numpy()


def _labels(series: pd.Series[Any], column: Column) -> Read:
    """Read categories and text; a number is read as text if the schema lists texts."""
    import numpy as np
    import pandas as pd

    readable = np.zeros(len(series), dtype=bool)
    if kind(column) == "integer category":
        values, unreadable = _integers(series, column)
        no_nulls = values.dtype.kind == "f" and not values.isna().any()
        return (values.astype("int64") if no_nulls else values), unreadable
    if kind(column) == "text category":
        labels = series.astype(object)
        if not isinstance(series.dtype, pd.CategoricalDtype | pd.StringDtype):
            labels = labels.map(_as_text, na_action="ignore").astype(object)
        return labels.where(series.notna(), None), readable
    return series.astype(object).where(series.notna(), None), readable


def _as_text(value: Any) -> str:
    """Return a value as it stands in a file: 3.0 is a 3 of a column with nulls."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
