"""The types that tables have here, and what holds two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def plain(kind: Any) -> Any:
    """Return the type that a column of `kind` is brought to, so that every later stage knows it.

    Dictionaries become their values, decimals floating-point numbers, and times with a zone UTC
    without one, which is what a schema's `datetime` is.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with plain types, and without what pandas noted about its index."""
    import pyarrow as pa

    return pa.schema([pa.field(field.name, plain(field.type)) for field in schema])


def joined(one: Any, other: Any) -> Any:
    """Return the narrowest type that holds the values of both; text holds anything."""
    import pyarrow as pa

    if one == other:
        return one
    if pa.types.is_date(one) and pa.types.is_timestamp(other):
        return other
    if pa.types.is_timestamp(one) and pa.types.is_date(other):
        return one
    try:
        schemas = [pa.schema([("column", kind)]) for kind in (one, other)]
        return plain(pa.unify_schemas(schemas, promote_options="permissive").field(0).type)
    except pa.ArrowTypeError:
        return pa.string()
