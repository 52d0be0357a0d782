"""The prediction log: requests and answers, and the version that answered.

Services append lines of JSON, one file a day; batches add a Parquet file each. Either has the user's
columns below `row`, so that none is taken for one of the log's own:

    {"row": {"age": 31, "score": 7}, "prediction": 1, "score": 0.8, "version": "3", ...}

The former layout, in which all stood side by side, is read too; there, a column of the user's that is
called like one of the log's own is lost.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import batches, files, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

ROW = "row"
PREDICTED = ("prediction", "score")
PROBABILITY = "probability_"
OWN = (*PREDICTED, "version", "prediction_id", "time_of_prediction")

DAY = re.compile(r"(?:batch-)?(\d{4}-[01]\d-[0-3]\d)[T.].*(?:jsonl|parquet)$")

LINES = 2**13
"""Lines that are in memory at a time."""


class PredictionLog:
    """Appends to the log of a service; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._ends_with_a_line: Path | None = None

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Append one line an entry, in one write, so that lines of two requests never mix.

        An entry has the raw row as `row`, `prediction`, `score` and `version`, and what else it likes.
        """
        lines = "".join(json.dumps(entry, default=str) + "\n" for entry in entries)
        path = self._folder / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
        with self._lock:
            # What a full disk or a kill has cut must not take the next entry with it.
            begin = "" if self._ends_with_a_line == path or _ends_with_a_line(path) else "\n"
            self._ends_with_a_line = None
            with path.open("a", encoding="utf-8") as stream:
                stream.write(begin + lines)
            self._ends_with_a_line = path


def _ends_with_a_line(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return True
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def append_batch(folder: Path, rows: pd.DataFrame, predicted: pd.DataFrame, version: str) -> None:
    """Add a scored batch to the log, in one step.

    Args:
        folder: The log.
        rows: The raw rows.
        predicted: Their `prediction` and `score`.
        version: The version that predicted.
    """
    import pyarrow as pa

    raw = pa.Table.from_pandas(rows, preserve_index=False).combine_chunks()
    own = pa.Table.from_pandas(predicted[[*PREDICTED]], preserve_index=False)
    table = own.add_column(0, ROW, raw.to_struct_array())
    table = table.append_column("version", pa.array([version] * len(rows), pa.string()))
    # Of two batches at one moment, none takes the other's place.
    name = f"batch-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.parquet"
    with files.replacing(folder / name) as draft:
        tables.write(table.replace_schema_metadata(None), draft)


@dataclass
class Skipped:
    """What of the log cannot be read, and was left out.

    Attributes:
        records: How many lines are no record, or hold an integer that is too large.
        files: The names of the files that cannot be read, or not to their end.
    """

    records: int = 0
    files: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.records or self.files)

    def __str__(self) -> str:
        """Say it in words.

        >>> str(Skipped(2, ["batch-1.parquet"]))
        '2 record(s) and 1 file(s) (batch-1.parquet)'
        """
        parts = [f"{self.records:,} record(s)"] if self.records else []
        if self.files:
            parts.append(f"{len(self.files):,} file(s) ({', '.join(self.files[:3])})")
        return " and ".join(parts)


class Record(NamedTuple):
    """One line of a service's log: the raw row, and all that the log says of it."""

    row: Mapping[str, Any]
    own: Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """Some predictions, by column: lists of Python's values, or arrays.

    Attributes:
        rows: How many there are.
        raw: The user's columns.
        predicted: `prediction`, `score`, and probabilities where they were logged.
    """

    rows: int
    raw: Mapping[str, list[Any] | pa.Array]
    predicted: Mapping[str, list[Any] | pa.Array]


def require_any(folder: Path) -> None:
    """Go on only if something has been logged.

    Raises:
        DataError: Nothing has.
    """
    if not any(folder.glob("*.parquet")) and not any(folder.glob("*.jsonl")):
        raise DataError(
            "There are no predictions to look at.",
            where=str(folder),
            next_step="`mlops serve` or `mlops predict` log them; or give rows: mlops monitor --data FILE",
        )


def records(folder: Path) -> Iterator[Record]:
    """Read what services have logged, of any version.

    Raises:
        DataError: Nothing has been logged.
    """
    require_any(folder)
    for path in sorted(folder.glob("*.jsonl")):
        yield from _records(path, Skipped())


def read(
    folder: Path,
    version: str,
    skipped: Skipped,
    integers: Iterable[str] = (),
    *,
    since: date | None = None,
) -> Iterator[Block]:
    """Read what a version predicted, a block at a time, so that memory does not grow with the log.

    Args:
        folder: The log.
        version: The version.
        skipped: To count what is left out in, from zero.
        integers: The columns in which an integer of more than 64 bits is too large.
        since: The first day, in UTC; None for all.
    """
    skipped.records, skipped.files = 0, []
    kept = [path for path in sorted(folder.glob("*.*")) if since is None or not _older(path, since)]
    for path in kept:
        if path.suffix == ".parquet":
            yield from _batch(path, version, skipped)
    for path in kept:
        if path.suffix == ".jsonl":
            yield from _lines(path, version, skipped, frozenset(integers))


def remove_older(folder: Path, first: date) -> list[str]:
    """Remove what was logged before a day, in UTC, of any version; return the names of the files."""
    old = [path for path in sorted(folder.glob("*.*")) if _older(path, first)]
    for path in old:
        path.unlink()
    return [path.name for path in old]


def _older(path: Path, day: date) -> bool:
    """Return whether a file of the log, as its name says, is of an earlier day."""
    found = DAY.match(path.name)
    return found is not None and date.fromisoformat(found[1]) < day


def _lines(path: Path, version: str, skipped: Skipped, integers: frozenset[str]) -> Iterator[Block]:
    held: list[Record] = []
    for record in _records(path, skipped):
        if str(record.own["version"]) != version:
            continue
        if any(_is_too_large(record.row.get(name)) for name in integers):
            skipped.records += 1
            continue
        held.append(record)
        if len(held) == LINES:
            yield _block(held)
            held = []
    if held:
        yield _block(held)


def _records(path: Path, skipped: Skipped) -> Iterator[Record]:
    try:
        with path.open("rb") as stream:
            for line in filter(bytes.strip, stream):
                record = _record(line)
                if record is None:
                    skipped.records += 1
                else:
                    yield record
    except OSError:
        skipped.files.append(path.name)


def _record(line: bytes) -> Record | None:
    """Return the raw row of a line, and the log's own entries; None if it is no record."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not {*PREDICTED, "version"} <= entry.keys():
        return None
    row = entry.get(ROW)
    if isinstance(row, dict):
        return Record(row, entry)
    return Record({key: value for key, value in entry.items() if not _is_own(key)}, entry)


def _is_own(name: str) -> bool:
    return name in OWN or _is_predicted(name)


def _is_predicted(name: str) -> bool:
    return name in PREDICTED or name.startswith(PROBABILITY)


def _is_too_large(value: object) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _block(records: list[Record]) -> Block:
    columns = dict.fromkeys(name for row, _ in records for name in row)
    own = dict.fromkeys(name for _, entry in records for name in entry if _is_predicted(name))
    return Block(
        len(records),
        {name: [row.get(name) for row, _ in records] for name in columns},
        {name: [entry.get(name) for _, entry in records] for name in own},
    )


def _batch(path: Path, version: str, skipped: Skipped) -> Iterator[Block]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        with batches.opened(path) as file:
            if not {*PREDICTED, "version"} <= {*file.names}:
                skipped.files.append(path.name)
                return
            # Of other versions' batches no more is read than this.
            versions = (each.column(0).cast(pa.string()) for each in file.batches(["version"]))
            if not any(pc.any(pc.equal(each, version)).as_py() for each in versions):
                return
            nested = ROW in file.names and pa.types.is_struct(file.schema.field(ROW).type)
            for batch in file.batches():
                mine = batch.filter(pc.equal(batch.column("version").cast(pa.string()), version))
                if mine.num_rows:
                    yield _arrays(mine, nested=nested)
    except (DataError, pa.ArrowException):
        skipped.files.append(path.name)


def _arrays(batch: pa.RecordBatch, *, nested: bool) -> Block:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    own = {name: column for name, column in columns.items() if _is_predicted(name)}
    if nested:
        row = columns[ROW]
        fields = [field.name for field in row.type]
        return Block(batch.num_rows, dict(zip(fields, row.flatten(), strict=True)), own)
    raw = {name: array for name, array in columns.items() if not _is_own(name)}
    return Block(batch.num_rows, raw, own)
