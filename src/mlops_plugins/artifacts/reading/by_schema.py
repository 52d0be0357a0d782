"""What a schema says of a file of rows: which columns are text, and which texts mean a missing value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.schema.dtypes import kind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.artifacts.reading.nulls import NullWords
    from mlops_plugins.artifacts.schema import Schema

TEXTS = ("text", "category", "text category")


def types(described: Schema) -> dict[str, Any]:
    """Return the types of the columns that are not to be inferred from a file's rows.

    Inferred, `007` is text or 7, depending on what stands in the other rows.
    """
    import pyarrow as pa

    arrow: dict[str, Any] = {**dict.fromkeys(TEXTS, pa.string()), "integer": pa.int64()}
    columns = described.columns.items()
    found = {name: arrow[kind(column)] for name, column in columns if kind(column) in arrow}
    # As people write them: 1.234 is a thousand and more where the schema's format says so.
    found |= {name: pa.string() for name, column in columns if column.format is not None}
    if described.id is not None:
        found.setdefault(described.id, pa.string())
    return found


def without_null_words(table: pa.Table, described: Schema, words: NullWords) -> pa.Table:
    """Make the texts null that mean a missing value, as ingest does, unless the schema lists them.

    Of an id only the empty text is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    missing_words = {*words.texts}
    for place, field in enumerate(table.schema):
        if not pa.types.is_string(field.type):
            continue
        column = described.columns.get(field.name)
        listed = set(map(str, column.values or ())) if column is not None else set()
        absent = {""} if field.name == described.id else missing_words - listed
        values = table.column(place)
        missing = pc.is_in(values, value_set=pa.array(sorted(absent)))
        table = table.set_column(
            place, field, pc.if_else(missing, pa.scalar(None, field.type), values)
        )
    return table


def frame(table: pa.Table, described: Schema) -> pd.DataFrame:
    """Return a data frame, in which integers of an id stay exact beside missing ones."""
    result: pd.DataFrame = table.to_pandas()
    if described.id in result:
        ids = table.select([described.id]).to_pandas(integer_object_nulls=True)
        result[described.id] = ids[described.id]
    return result
