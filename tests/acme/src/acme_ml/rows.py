"""Which rows there are, whether they are sound, and which of them judge: all in Arrow."""

from __future__ import annotations

import hashlib
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING

from mlops_plugins import Component, ConfigurationError, DataError, Field, Source
from mlops_plugins.toolkit import files, read_schema, tables, write_schema
from mlops_plugins.toolkit import infer_schema as infer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins import Context
    from mlops_plugins.toolkit import Column, Schema


class Newest(Component):
    """Takes flights of the sample from a day on, and puts the newest first."""

    rows: int = Field(5000, ge=100, description="Most flights to take.")
    since: str = Field(
        "2013-06-20", pattern=r"^\d{4}-\d\d-\d\d$", description="The first day, as YYYY-MM-DD."
    )

    def ingest(self, context: Context, *, output: Path) -> Source:
        """Write the first `rows` flights since that day, in the other order."""
        import pyarrow.compute as pc

        with resources.as_file(
            resources.files("mlops_plugins.stages.ingest") / "flights.parquet"
        ) as path:
            flights = tables.read(path)
        _require_target(context, flights, "the sample")
        wanted = pc.greater_equal(flights["scheduled"], datetime.fromisoformat(self.since))
        taken = flights.filter(wanted).slice(0, self.rows)
        newest_first = [("scheduled", "descending"), ("flight_id", "descending")]
        tables.write(taken.sort_by(newest_first), output)
        context.log(f"{taken.num_rows:,} flights since {self.since}")
        return Source(description="flights from New York in 2013, as mlops-plugins brings them")


def _require_target(context: Context, table: pa.Table, name: str) -> None:
    if context.data.target not in table.column_names:
        raise DataError(
            f"The target '{context.data.target}' is missing.",
            where=f"{name}: columns",
            expected=", ".join(table.column_names),
            next_step="correct data.target in conf/config.yaml",
        )


class Typed(Component):
    """Holds the type, the nulls and the values of each column against `schema.yaml`."""

    max_null_share: float = Field(
        1.0, ge=0, le=1, description="Largest share of nulls in a column that may have some."
    )

    # BaseModel has a deprecated class method of this name, which nothing calls.
    def validate(  # type: ignore[override]
        self, context: Context, *, raw: Path, schema: Path, output: Path, report: Path
    ) -> None:
        """Write the described columns: days as times, and all else as it came."""
        table = tables.read(raw)
        _require_target(context, table, raw.name)
        expected = _expected(context, table, schema)
        problems = list(self._problems(table, expected))
        if problems:
            raise DataError(
                "The data break their schema:" + "".join(f"\n  - {each}" for each in problems),
                where=f"{raw.name} against {schema.name}",
                next_step=f"correct the data; or, if the data are right, {schema.name}",
            )
        tables.write(_days_as_times(table.select(list(expected.columns))), output)
        nulls = {name: table[name].null_count for name in expected.columns}
        files.write_json(report, {"rows": table.num_rows, "nulls": nulls})

    def _problems(self, table: pa.Table, expected: Schema) -> Iterator[str]:
        for name, column in expected.columns.items():
            if name not in table.column_names:
                yield f"the column '{name}' is missing"
                continue
            if not _fits(table[name], column):
                yield f"the column '{name}' is {table[name].type}, no {column.type}"
            nulls = table[name].null_count
            if nulls > (self.max_null_share * table.num_rows if column.nullable else 0):
                yield f"the column '{name}' has {nulls:,} null(s)"
            strange = _strangers(table[name], column)
            if strange:
                yield f"the column '{name}' has {strange:,} value(s) that schema.yaml does not allow"


def _expected(context: Context, table: pa.Table, path: Path) -> Schema:
    """Return the team's schema; infer it once, while it has no columns."""
    expected = read_schema(path, context.data)
    if not expected.columns:
        expected = infer(table.to_pandas(), context.data)
        write_schema(path, expected)
        context.log(f"{path.name} inferred: look at it, edit it, commit it")
    return expected


def _days_as_times(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    time, is_date = pa.timestamp("us"), pa.types.is_date
    return table.cast(
        pa.schema(
            [field.with_type(time) if is_date(field.type) else field for field in table.schema]
        )
    )


def _strangers(values: pa.ChunkedArray, column: Column) -> int:
    """Count the values that are out of range, or none of the column's categories."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.values is not None and not pa.types.is_floating(values.type):
        known = pa.array(list(column.values)).cast(values.type)
        return int(pc.sum(pc.invert(pc.is_in(values.drop_null(), known))).as_py() or 0)
    limits = [(pc.less, column.min), (pc.greater, column.max)]
    outside = [
        pc.sum(beyond(values, limit)).as_py() for beyond, limit in limits if limit is not None
    ]
    return sum(count or 0 for count in outside)


def _fits(values: pa.ChunkedArray, column: Column) -> bool:
    import pyarrow.compute as pc
    import pyarrow.types as t

    found = values.type
    if column.type == "integer" and t.is_floating(found):  # as whole numbers with nulls come
        return pc.all(pc.equal(values, pc.round(values))).as_py() is not False
    fits = {
        "integer": t.is_integer(found),
        "number": t.is_integer(found) or t.is_floating(found),
        "boolean": t.is_boolean(found),
        "datetime": t.is_timestamp(found) or t.is_date(found),
    }
    return bool(fits.get(column.type, True))  # a category may be anything, and so may text


class ByIdentity(Component):
    """Puts a row on the same side for ever, whatever rows come or go: by a hash of its id."""

    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the rows that judge, 0 to 1.")
    salt: str = Field("", description="Another word gives another split.")

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write both parts, each in the order of the table."""
        import pyarrow as pa
        import pyarrow.compute as pc

        key = context.data.id
        if key is None:
            raise ConfigurationError(
                "A split by identity needs a column that identifies a row.",
                where="conf/config.yaml: data.id: null",
                expected="the name of a column",
                next_step="name it there, or choose another split: `split: random`",
            )
        whole = tables.read(table)
        _require_target(context, whole, table.name)
        labelled = whole.filter(whole[context.data.target].is_valid())
        decided = [self._judges(context.seed, row) for row in labelled[key].to_pylist()]
        if len(set(decided)) < 2:
            raise DataError(
                f"All of the {labelled.num_rows} row(s) fall into one part.",
                where=f"{table.name}: column {key}",
                expected="rows that train and rows that judge",
                next_step="change test_share in conf/split/acme.yaml, or bring more rows",
            )
        judges = pa.array(decided)
        tables.write(labelled.filter(judges), output / "test.parquet")
        tables.write(labelled.filter(pc.invert(judges)), output / "train.parquet")

    def _judges(self, seed: int, row: object) -> bool:
        text = f"{seed}\0{self.salt}\0{row}".encode()
        number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
        return number < self.test_share * 2**64
