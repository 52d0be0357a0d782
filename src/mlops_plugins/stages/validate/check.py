"""Checking the raw table against its schema, in one pass, and writing the typed one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import types

from mlops_plugins.api.errors import did_you_mean
from mlops_plugins.artifacts import batches
from mlops_plugins.artifacts.schema.description import Column
from mlops_plugins.artifacts.schema.dtypes import convert, kind
from mlops_plugins.artifacts.schema.guess import Guesser, is_looked_at
from mlops_plugins.artifacts.schema.row_numbers import candidates, row_numbers
from mlops_plugins.stages.validate import leakage, repeats
from mlops_plugins.stages.validate.findings import Finding, Tally
from mlops_plugins.stages.validate.observations import Observed
from mlops_plugins.stages.validate.rules import Rules
from mlops_plugins.stages.validate.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mlops_plugins.api.context import Data
    from mlops_plugins.artifacts.raw_table import Batch, RawTable
    from mlops_plugins.artifacts.schema import Schema
    from mlops_plugins.stages.validate.findings import Level

SAMPLE_ROWS = 20_000
"""Rows in which signs of leakage are looked for."""

MIN_TIMES_CHANCE = 1000
"""With fewer times the equal rows that chance gives, they are no duplicates."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is looked for, and what is made of it; the fields are the options of the stage."""

    tolerance: float
    min_rows: int
    unexpected_columns: Level
    target_copies: Level
    predictive_features: Level
    max_auc: float
    max_r2: float
    identifiers: Level
    duplicate_rows: Level
    max_duplicate_share: float


def check(
    table: RawTable, schema: Schema, data: Data, limits: Limits, *, output: Path
) -> list[Finding]:
    """Write the typed table to `output`, and return the findings.

    The output is complete only if no finding is an error.
    """
    numbering = _row_numbers(table, schema, data)
    rows = _Pass(table, schema, data, limits, numbering)
    arrow_types = [_stored_type(column, table.types.get(n)) for n, column in schema.columns.items()]
    arrow_schema = _arrow_schema(schema, arrow_types)
    with batches.Writer(output, arrow_schema) as writer:
        for batch in table.batches():
            writer.write(_record_batch(rows.look(batch), arrow_schema))
    return [*_columns(table, schema, limits, numbering), *rows.findings()]


def _row_numbers(table: RawTable, schema: Schema, data: Data) -> list[str]:
    """Return the columns that number the rows and are not in the schema."""
    left_out = {name: kind for name, kind in table.types.items() if name not in schema.columns}
    looked_at = (batch.columns for batch in table.batches(candidates(left_out)))
    return row_numbers(looked_at, left_out, data)


def _columns(
    table: RawTable, schema: Schema, limits: Limits, numbering: Sequence[str]
) -> Iterator[Finding]:
    """Compare the columns themselves."""
    for name, column in schema.columns.items():
        fatal = name == schema.target or column.severity != "warning"
        if name not in table.types:
            yield Finding(
                rule="missing_column",
                what=f"column '{name}' is missing.{did_you_mean(name, table.types)}",
                next_step=f"add the column, or remove '{name}' from schema.yaml",
                severity="error" if fatal else "warning",
                column=name,
            )
        elif table.types[name] is None:
            yield Finding(
                rule="type",
                what=f"column '{name}' holds {table.stored[name]}, which no type is for",
                next_step="make it numbers, booleans, text or times where the table is made",
                severity="error" if fatal else "warning",
                column=name,
            )
    for name in numbering if limits.unexpected_columns != "ignore" else ():
        is_text = types.is_string(table.types[name])
        line = Column(type="text" if is_text else "integer").line(name)
        yield Finding(
            rule="row_number",
            what=f"column '{name}' numbers the rows: it is left out",
            next_step=f"to learn from it all the same, put below columns in schema.yaml: {line}",
            severity="warning",
            column=name,
        )
    for name in table.types:
        if name in numbering:
            continue
        if name not in schema.columns and limits.unexpected_columns != "ignore":
            yield Finding(
                rule="unexpected_column",
                what=f"column '{name}' ({table.stored[name]}) is not in schema.yaml: it is left out",
                next_step=f"describe '{name}' in schema.yaml, or leave it out at ingest",
                severity=limits.unexpected_columns,
                column=name,
            )
    if table.rows < limits.min_rows:
        yield Finding(
            rule="too_few_rows",
            what=f"there are {table.rows:,} row(s), fewer than {limits.min_rows:,}",
            next_step="look at the source; or lower min_rows in conf/validate/pandera.yaml",
            severity="error",
        )


class _Pass:
    """One pass over the rows."""

    def __init__(
        self,
        table: RawTable,
        schema: Schema,
        data: Data,
        limits: Limits,
        numbering: Sequence[str],
    ) -> None:
        self._table, self._schema, self._data, self._limits = table, schema, data, limits
        self._present = [name for name in schema.columns if table.types.get(name) is not None]
        self._rules = Rules(schema.only(self._present))
        self._observed = {
            name: Observed(
                name,
                is_label := schema.columns[name].type in ("category", "text"),
                guesser=Guesser() if is_label and is_looked_at(name, data) else None,
            )
            for name in self._present
        }
        self._unique = {
            name: repeats.Repeats() for name in self._present if _is_unique(name, schema)
        }
        # A number of the row would make each row another one.
        self._apart = {schema.id, *numbering}
        others = [name for name in table.types if name not in self._apart]
        # Of one column alone, equal values say nothing.
        compares_rows = limits.duplicate_rows != "ignore" and len(others) > 1
        self._rows = repeats.Repeats() if compares_rows else None
        self._target = Target(schema, data) if schema.target in self._present else None
        self._future = Tally()
        self._now = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
        self._sample_rows = _sample_rows(table.rows)
        self._sample: list[pd.DataFrame] = []

    def look(self, batch: Batch) -> pd.DataFrame:
        """Look at some rows, and return them typed."""
        arrays = {
            name: array.dictionary_encode() if types.is_string(array.type) else array
            for name, array in batch.columns.items()
        }
        typed: dict[str, pd.Series[Any]] = {}
        unreadable: dict[str, np.ndarray] = {}
        for name in self._present:
            column = self._schema.columns[name]
            self._observed[name].look(batch, arrays[name])
            typed[name], unreadable[name] = convert(arrays[name].to_pandas(), column)
        frame = pd.DataFrame(typed, index=pd.RangeIndex(batch.rows), copy=False)
        self._rules.look(batch, frame, unreadable)
        if self._target:
            self._target.look(batch, frame[self._target.name])
        self._look_for_repeats(batch, arrays)
        self._look_ahead(batch, frame)
        self._add_to_sample(batch, frame)
        return frame

    def _look_for_repeats(self, batch: Batch, arrays: Mapping[str, pa.Array]) -> None:

        rows = np.arange(batch.first + 1, batch.first + batch.rows + 1)
        names = [name for name in arrays if self._rows or name in self._unique]
        hashed = {name: repeats.hashes(arrays[name]) for name in names}
        for name, unique in self._unique.items():
            known = arrays[name].is_valid().to_numpy(zero_copy_only=False)
            unique.add(hashed[name][known], rows[known])
        others = [each for name, each in hashed.items() if name not in self._apart]
        if self._rows and others:
            self._rows.add(repeats.of_rows(others), rows)

    def _look_ahead(self, batch: Batch, frame: pd.DataFrame) -> None:
        time = self._data.time
        if time in self._present and self._schema.columns[time].type == "datetime":
            ahead = (frame[time] > self._now).to_numpy().nonzero()[0]
            self._future.add(batch, time, ahead)

    def _add_to_sample(self, batch: Batch, frame: pd.DataFrame) -> None:

        low, high = np.searchsorted(self._sample_rows, [batch.first, batch.first + batch.rows])
        if high > low:
            self._sample.append(frame.iloc[self._sample_rows[low:high] - batch.first])

    def findings(self) -> Iterator[Finding]:
        """Return the findings in the rows."""
        broken = self._rules.findings(self._table.rows, self._limits.tolerance)
        yield from broken
        errors = {found.column for found in broken if found.severity == "error"}
        about_target = list(
            self._target.findings(is_refused=self._target.name in errors) if self._target else ()
        )
        yield from about_target
        for name, unique in self._unique.items():
            yield from self._twice(name, unique.repeated())
        for observed in self._observed.values():
            yield from observed.findings()
        if self._future.count:
            yield Finding(
                rule="future",
                what=f"column '{self._data.time}' lies in the future",
                next_step="correct the times, or leave these rows out: a split by time tests on them",
                severity="warning",
                column=self._data.time,
                tally=self._future,
            )
        if self._sample:
            fits = not any(found.severity == "error" for found in about_target)
            yield from self._leaks(fits=fits)

    def _twice(self, name: str, repeated: repeats.Repeated) -> Iterator[Finding]:
        if not repeated.rows:
            return
        values = self._table.values(name, [row for row, _ in repeated.examples])
        examples = [
            (row, f"{values[row]}, as in row {earlier}") for row, earlier in repeated.examples
        ]
        yield Finding(
            rule="duplicate",
            what=f"column '{name}' must be unique, and has a value again",
            next_step=f"remove the rows, or set unique: false for '{name}' in schema.yaml",
            severity=self._schema.columns[name].severity or "error",
            column=name,
            tally=Tally(repeated.rows, examples),
        )

    def _leaks(self, *, fits: bool) -> Iterator[Finding]:
        """Look for rows that are copies, and in a target that `fits` its task for features that give it away."""
        sample = pd.concat(self._sample, ignore_index=True)
        limits = self._limits
        yield from self._duplicates(sample)
        if self._schema.target not in self._present or not fits:
            return
        regression = self._data.task == "regression"
        levels = {
            "copy": limits.target_copies,
            "predictive": limits.predictive_features,
            "identifier": limits.identifiers,
        }
        for leak in leakage.leaks(
            sample,
            self._schema.only(self._present),
            self._data.task,
            max_score=limits.max_r2 if regression else limits.max_auc,
            rows=self._table.rows,
        ):
            level = levels[leak.kind]
            if level != "ignore":
                yield _leak(leak, self._schema.target, level)

    def _duplicates(self, sample: pd.DataFrame) -> Iterator[Finding]:
        limits, rows = self._limits, self._table.rows
        if self._rows is None or limits.duplicate_rows == "ignore":
            return
        repeated = self._rows.repeated()
        if repeated.rows <= limits.max_duplicate_share * rows:
            return
        others = sample.drop(columns=[self._schema.id] if self._schema.id in sample else [])
        by_chance = leakage.coincidence(others) * rows * (rows - 1) / 2
        if repeated.pairs <= MIN_TIMES_CHANCE * by_chance:
            return
        examples = [(row, f"as row {earlier}") for row, earlier in repeated.examples]
        yield Finding(
            rule="duplicate_rows",
            what="all values are those of an earlier row",
            next_step="remove them at ingest: on both sides of the split, they are known answers",
            severity=limits.duplicate_rows,
            tally=Tally(repeated.rows, examples),
        )


LEAKS = {
    "copy": ("target_copy", "remove it from schema.yaml, to be left out: it is the answer"),
    "predictive": (
        "predictive",
        "find out whether it is known when the prediction is made; if not, remove it from "
        "schema.yaml",
    ),
    "identifier": (
        "identifier",
        "name it as data.id in conf/config.yaml, or remove it from schema.yaml",
    ),
}


def _leak(leak: leakage.Leak, target: str, level: str) -> Finding:
    rule, next_step = LEAKS[leak.kind]
    about = "" if leak.kind == "identifier" else f" (the target is '{target}')"
    return Finding(
        rule=rule,
        what=f"feature '{leak.column}' {leak.how}{about}",
        next_step=next_step,
        severity="error" if level == "error" else "warning",
        column=leak.column,
        details={} if leak.score is None else {"score": round(leak.score, 6)},
    )


def _is_unique(name: str, schema: Schema) -> bool:
    """Say whether values may occur once only: an id identifies a row unless the team says it does not."""
    unique = schema.columns[name].unique
    return name == schema.id if unique is None else unique


def _sample_rows(rows: int) -> np.ndarray:
    """Return the sample's rows, in order, from 0: the same for tables of the same length."""
    if rows <= SAMPLE_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, SAMPLE_ROWS, replace=False))


def _stored_type(column: Column, raw: pa.DataType | None) -> pa.DataType:
    """Return the type that a column has in the output, whatever the rows of a batch hold."""
    stored = {
        "integer": pa.float64() if column.nullable else pa.int64(),
        "integer category": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.float64() if column.nullable else pa.bool_(),
        "datetime": pa.timestamp("us"),
        "text category": pa.string(),
    }.get(kind(column))
    if stored is None:  # text, and a category of any values, are kept as they are
        stored = pa.string() if raw is None or types.is_null(raw) else raw
    return stored


def _arrow_schema(schema: Schema, stored: list[pa.DataType]) -> pa.Schema:

    return pa.schema(list(zip(schema.columns, stored, strict=True)))


def _record_batch(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows as they are stored; a column that is not there is null."""
    arrays = []
    for field in schema:
        if field.name not in frame:
            arrays.append(pa.nulls(len(frame), field.type))
            continue
        series = frame[field.name]
        if types.is_boolean(field.type) and series.dtype.kind == "f":
            series = series.astype("boolean")
        arrays.append(pa.Array.from_pandas(series, type=field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
