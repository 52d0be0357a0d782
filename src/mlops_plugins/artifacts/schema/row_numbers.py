"""Columns that number the rows: what pandas, R and Excel write beside a table, and no measurement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from mlops_plugins.api.context import Data

NO_NAME: Final = re.compile(r"|Unnamed: \d+|__index_level_\d+__")
"""Names of a column that has none: in CSV, in CSV that pandas read and wrote, in Parquet."""

MIN_ROWS = 20
"""In fewer rows a measurement may count up by chance."""


def row_numbers(
    batches: Iterable[Mapping[str, pa.Array]], types: Mapping[str, pa.DataType | None], data: Data
) -> list[str]:
    """Return the columns that number the rows, and mean nothing else in `data`.

    A column with a name does so if it is 0, 1, 2, ... or 1, 2, 3, ... in the order of the rows; one
    without a name if it holds integers, or another text in each row.

    Args:
        batches: The rows in order; no more are read than it takes.
        types: The plain type of each column.
        data: What the columns mean.
    """
    roles = {data.target, data.time, data.id, data.weight, *data.sensitive}
    columns = {
        name: made
        for name, kind in types.items()
        if name not in roles and (made := _column(name, kind)) is not None
    }
    rows = 0
    for batch in batches if columns else ():
        for name in list(columns):
            if not columns[name].goes_on(batch[name], rows):
                del columns[name]
        if not columns:
            break
        rows += len(batch[next(iter(columns))])
    return [name for name, column in columns.items() if rows >= column.min_rows]


def candidates(types: Mapping[str, pa.DataType | None]) -> list[str]:
    """Return the columns that may number the rows, by their types and names."""
    return [name for name, kind in types.items() if _column(name, kind) is not None]


def _column(name: str, kind: pa.DataType | None) -> _Counting | _Integers | _Names | None:
    from pyarrow import types

    if kind is None:
        return None
    has_name = NO_NAME.fullmatch(name) is None
    if types.is_integer(kind):
        return _Counting() if has_name else _Integers()
    if has_name:
        return None
    if types.is_floating(kind):
        return _Integers()
    return _Names() if types.is_string(kind) else None


class _Counting:
    """0, 1, 2, ... or 1, 2, 3, ..."""

    min_rows = MIN_ROWS

    def __init__(self) -> None:
        self._first = 0

    def goes_on(self, array: pa.Array, rows: int) -> bool:
        """Say whether it does in these values too, before which there were so many rows."""
        import numpy as np

        if array.null_count:
            return False
        values = array.to_numpy(zero_copy_only=False)
        if rows == 0 and len(values):
            self._first = int(values[0])
        expected = np.arange(self._first + rows, self._first + rows + len(values))
        return self._first in (0, 1) and bool((values == expected).all())


class _Integers:
    """Integers in any order, and nulls."""

    min_rows = 1

    def goes_on(self, array: pa.Array, rows: int) -> bool:
        """Say whether these values are such too."""
        import numpy as np

        values = array.drop_null().to_numpy(zero_copy_only=False)
        return bool((values == np.floor(values)).all())


class _Names:
    """Another text in each row."""

    min_rows = MIN_ROWS

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def goes_on(self, array: pa.Array, rows: int) -> bool:
        """Say whether none of these texts was there before."""
        self._seen.update(array.to_pylist())
        return len(self._seen) == rows + len(array)
