"""Rows that fit a project's schema, for the tests of its feature code: no data is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import schema as schemas
from mlops_plugins.config import params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.artifacts.schema import Column


def example_rows(root: Path, count: int = 4) -> pd.DataFrame:
    """Return rows as feature code is given them: the inputs of `schema.yaml`, made from their description.

    The last row has no value where the schema allows that; the index is neither sorted nor without
    gaps. There are no columns before the first `dvc repro` has written the schema.

    Args:
        root: The project's folder, with `params.yaml`.
        count: Number of rows.

    Raises:
        DataError: `schema.yaml` is no schema.
        ConfigurationError: There is no `params.yaml`, or it is not valid.
    """
    import pandas as pd

    data = params.read(root).settings.columns
    described = schemas.read(root / "schema.yaml", data)
    inputs = described.only(described.inputs)
    index = [count * 2 - 3 * row for row in range(count)]
    columns = {name: _values(column, count) for name, column in inputs.columns.items()}
    return schemas.conform(pd.DataFrame(columns, index=index, dtype=object), inputs)


def _values(column: Column, count: int) -> list[Any]:
    make = MAKERS[column.type]
    made = [make(column, row) for row in range(count)]
    return [*made[:-1], None] if column.nullable else made


def _number(column: Column, row: int) -> float:
    """Return a number in the range, from its lower end on."""
    low = column.min if column.min is not None else (column.max or 0.0) - 10
    high = column.max if column.max is not None else low + 10
    return low + (high - low) * (row % 4) / 4


def _integer(column: Column, row: int) -> int:
    return round(_number(column, row))


def _category(column: Column, row: int) -> Any:
    values = column.values or ("a", "b")
    return values[row % len(values)]


def _datetime(column: Column, row: int) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp("2024-01-01 06:30") + pd.Timedelta(days=40 * row, hours=7 * row)


MAKERS: Mapping[str, Callable[[Column, int], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda _, row: row % 2 == 0,
    "category": _category,
    "text": lambda _, row: f"text {row} of a few words",
    "datetime": _datetime,
}
