"""CSV and other delimited text, plain or compressed: streamed, so that memory does not grow with the file.

Arrow infers the types of a stream from its first block alone, and stops at a value further on that
does not fit. Then the file is read a second time, all of it as text, block for block: what each block
would be inferred as, joined over all of them, are the types of a third reading. So a file of one
mind is read once, and any other three times, whatever the number of its columns.
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts import batches
from mlops_plugins.artifacts.reading import codes, csv_dialect, errors, headers, nulls
from mlops_plugins.artifacts.reading.types import joined, plain, plain_schema
from mlops_plugins.artifacts.reading.writer import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.artifacts.reading import ReadOptions

BLOCK = 4 << 20
"""Bytes of text in memory at a time."""

SAMPLE = 128 << 10
"""Bytes from which delimiter and decimal mark are found: no more than Python's csv takes as a field."""

LISTED = 1000
"""Numbers of bad rows that are kept; all are counted."""

CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?CSV conversion error")


@dataclass
class BadRows:
    """Rows with another number of fields than the header, which is row 1."""

    skipped: int = 0
    """Lines before the header."""

    count: int = 0
    numbers: list[int] = field(default_factory=list)
    first: Any = None

    def __call__(self, row: Any) -> str:
        """Remember the row and go on; one that a lone quote begins has swallowed many."""
        row = row._replace(number=row.number - self.skipped)
        self.count += 1 + row.text.rstrip().count("\n")
        self.first = self.first or row
        if len(self.numbers) < LISTED:
            self.numbers.append(row.number)
        return "skip"


@dataclass
class EmptyRows:
    """Rows without any value, as Excel writes them below a table."""

    count: int = 0

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch without them; of one column alone, a missing value is a row."""
        import pyarrow.compute as pc

        if batch.num_columns < 2 or not all(column.null_count for column in batch.columns):
            return batch
        has_value = batch.column(0).is_valid()
        for column in batch.columns[1:]:
            has_value = pc.or_(has_value, column.is_valid())
        self.count += batch.num_rows - has_value.true_count
        return batch.filter(has_value)


@dataclass(frozen=True, kw_only=True)
class Text:
    """A delimited text, and how it is written."""

    source: Path
    name: str
    encoding: str
    skipped: int
    """Lines before the header."""

    titles: tuple[str, ...]
    """Those of them that say something, and are no declaration of the delimiter."""

    delimiter: str
    decimal: str
    null_values: tuple[str, ...]
    """Texts that mean a missing value, the empty one too."""

    text_as_written: bool

    def reader(
        self,
        types: Mapping[str, Any],
        bad: BadRows,
        *,
        only: list[str] | None = None,
        null_values: Sequence[str] | None = None,
    ) -> Any:
        """Open it as a stream of batches."""
        import pyarrow as pa
        from pyarrow import csv

        return csv.open_csv(
            pa.input_stream(str(self.source), compression="detect"),
            # One thread: only then does Arrow know the number of a bad row.
            csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                encoding=self.encoding,
                skip_rows=self.skipped,
            ),
            csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=bad
            ),
            self.conversion(types, only, null_values),
        )

    def conversion(
        self,
        types: Mapping[str, Any],
        only: list[str] | None = None,
        null_values: Sequence[str] | None = None,
    ) -> Any:
        """Return how fields become values."""
        from pyarrow import csv

        return csv.ConvertOptions(
            column_types=dict(types),
            include_columns=only or [],
            null_values=list(self.null_values if null_values is None else null_values),
            strings_can_be_null=not self.text_as_written,
            decimal_point=self.decimal,
        )


def convert(
    source: Path, output: Path, *, name: str, options: ReadOptions, types: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the rows as Parquet; return how the file was written, and its rows and bad rows.

    Raises:
        DataError: It is empty, in another encoding, or has more bad rows than are acceptable.
        ConfigurationError: There is no such encoding.
    """
    import pyarrow as pa

    try:
        text = _text(source, name, options)
        kept = _codes(text, types)
        rows, empty, bad = _stored(text, output, {**types, **dict.fromkeys(kept, pa.string())})
    except UnicodeError as error:
        raise _not_encoded(name, options.encoding, where=f"{name}: {error}") from None
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise _unreadable(name, error) from None
    if bad.count > options.bad_rows * (rows + bad.count):
        raise _too_many(name, bad, rows + bad.count, options.bad_rows)
    if rows and _is_swallowed(output) and sum(each.count(b'"') for each in _blocks(source)) % 2:
        raise _endless(name, f"{name}, the last of {rows:,} rows that were found")
    dialect = {"delimiter": text.delimiter, "encoding": text.encoding, "decimal": text.decimal}
    left_out = {"bad_rows": {"count": bad.count, "rows": bad.numbers}} if bad.count else {}
    words = _null_words(text, output, options.target)
    found = {
        "title_lines": list(text.titles),
        "empty_rows": empty,
        "target_nulls": words,
        "kept_as_text": kept,
    }
    return {
        "rows": rows,
        **dialect,
        **left_out,
        **{key: each for key, each in found.items() if each},
    }


def _text(source: Path, name: str, options: ReadOptions) -> Text:
    import pyarrow as pa

    with pa.input_stream(str(source), compression="detect") as stream:
        start = stream.read(SAMPLE)
    if not start.strip():
        raise errors.empty(name, where=name, next_step="check how it was exported")
    encoding = options.encoding or csv_dialect.encoding(start)
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise ConfigurationError(
            f"There is no encoding '{encoding}'.",
            where="conf/ingest/file.yaml: encoding",
            expected="the name of an encoding, such as utf-8, cp1252 or utf-16",
            next_step="correct it there",
        ) from None
    sample = start.decode(codec, errors="replace").removeprefix("\ufeff")
    if len(start) == SAMPLE:  # its last row is cut
        sample = sample[: sample.rfind("\n") + 1] or sample
    declared = csv_dialect.declared(sample)
    if declared:
        sample = sample.partition("\n")[2]
    titles = csv_dialect.titles(sample, options.delimiter or declared or "")
    if titles:
        sample = "\n".join(re.split(r"\r\n|\n|\r", sample)[len(titles) :])
    skipped = len(titles) + (1 if declared else 0)
    tabs = PurePath(name).suffixes[-2:-1] == [".tsv"] or PurePath(name).suffix == ".tsv"
    delimiter = options.delimiter or declared or ("\t" if tabs else csv_dialect.delimiter(sample))
    sample_rows = csv_dialect.rows(sample, delimiter)
    if codec == "utf-8":
        _check_utf8(source, name, delimiter, sample_rows[0], skipped)
    headers.check(sample_rows[0], f"The data file {PurePath(name).name}", where=f"{name}: header")
    return Text(
        source=source,
        name=name,
        encoding=codec,
        skipped=skipped,
        titles=tuple(line.strip(f"{delimiter} ") for line in titles if line.strip()),
        delimiter=delimiter,
        decimal=options.decimal or csv_dialect.decimal(sample_rows, delimiter),
        null_values=options.null_words.texts,
        text_as_written=options.text_as_written,
    )


def _stored(text: Text, output: Path, types: Mapping[str, Any]) -> tuple[int, int, BadRows]:
    """Write the rows; return how many there are, how many others were empty, and the bad ones."""
    import pyarrow as pa

    fixed = dict(types)
    inferred = False
    while True:
        bad, empty = BadRows(text.skipped), EmptyRows()
        try:
            with text.reader(fixed, bad) as reader:
                schema = plain_schema(reader.schema)
                filled = (empty.without(_plain(batch, schema)) for batch in reader)
                return store(output, schema, filled), empty.count, bad
        except pa.ArrowInvalid as error:
            misfit = CONVERSION.search(str(error))
            if misfit is None:
                raise
            column = _columns(text)[int(misfit[1])]
            if inferred or column in fixed:
                # Each block's values fit a type of its own, and no type but text holds them all; or
                # they do not fit the type that was given.
                fixed[column] = pa.string()
            else:
                fixed |= _inferred(text, fixed)
                inferred = True


def _null_words(text: Text, output: Path, column: str) -> dict[str, int]:
    """Return which texts stand in a column for its missing values, and in how many rows."""
    import pyarrow as pa

    with batches.opened(output) as table:
        if column not in table.names or not any(
            batch.column(0).null_count for batch in table.batches([column])
        ):
            return {}
    counter = nulls.Counter(text.null_values)
    as_text = {column: pa.string()}
    with text.reader(as_text, BadRows(), only=[column], null_values=[""]) as reader:
        for batch in reader:
            counter.add(batch.column(0))
    return counter.counts


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _columns(text: Text) -> list[str]:
    with text.reader({}, BadRows()) as reader:
        return list(reader.schema.names)


def _open_ones(text: Text, known: Mapping[str, Any]) -> list[str]:
    """Return the columns that are no text by their first block, of those whose type is not known."""
    import pyarrow as pa

    # Not with the types that are known: a value of the first block need not fit one that was given.
    with text.reader({}, BadRows()) as reader:
        return [
            each.name
            for each in reader.schema
            if each.name not in known and each.type != pa.string()
        ]


def _codes(text: Text, known: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the columns of digits that are no numbers, each with a value and the reason."""
    import pyarrow as pa

    is_wide = text.encoding.startswith(("utf-16", "utf-32"))
    if not is_wide and not codes.may_be(_blocks(text.source), text.delimiter):
        return {}
    open_ones = _open_ones(text, known)
    if not open_ones:
        return {}
    found = codes.Codes()
    as_text = dict.fromkeys(open_ones, pa.string())
    with text.reader(as_text, BadRows(), only=open_ones) as reader:
        for batch in reader:
            found.add(batch)
    return found.found


def _inferred(text: Text, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return types that hold every block's values, of the columns whose type is not known."""
    import pyarrow as pa
    from pyarrow import csv

    open_ones = _open_ones(text, known)
    types: dict[str, Any] = dict.fromkeys(open_ones, pa.null())
    as_text = dict.fromkeys(open_ones, pa.string())
    with text.reader(as_text, BadRows(), only=open_ones) as reader:
        for batch in reader:
            written = io.BytesIO()
            csv.write_csv(batch, written)
            again = csv.read_csv(
                io.BytesIO(written.getvalue()),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=text.conversion({}),
            )
            for each in again.schema:
                types[each.name] = joined(types[each.name], plain(each.type))
    return types


def _check_utf8(source: Path, name: str, delimiter: str, header: list[str], skipped: int) -> None:
    """Stop at the first byte that is not UTF-8: Arrow would read such columns as bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, line = 0, b""
    for block in _blocks(source):
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            row = lines + before.count(b"\n") + 1 - skipped
            cut = (line + before).rpartition(b"\n")[2][: SAMPLE - 1].decode(errors="replace")
            place = len(csv_dialect.rows(f"{cut}x", delimiter)[0]) - 1
            column = f"column {header[place]}" if place < len(header) else "after the last column"
            where = f"{name}, row {row} (the header is row 1): {column}" if row > 1 else None
            raise _not_encoded(name, "", where=where or f"{name}: header") from None
        lines += block.count(b"\n")
        line = block.rpartition(b"\n")[2] if b"\n" in block else (line + block)[:SAMPLE]


def _blocks(source: Path) -> Iterator[bytes]:
    """Read the text as bytes; an empty block is the last."""
    import pyarrow as pa

    with pa.input_stream(str(source), compression="detect") as stream:
        while True:
            block = stream.read(BLOCK)
            yield block
            if not block:
                return


def _is_swallowed(output: Path) -> bool:
    """Say whether the last row goes on over lines, as it does behind a quote that never ends."""
    with batches.opened(output) as table:
        values = table.last_row().values()
    return any(isinstance(value, str) and "\n" in value for value in values)


def _endless(name: str, where: str) -> DataError:
    return DataError(
        f"A quoted field of {PurePath(name).name} does not end.",
        where=where,
        expected="quotes in pairs; a quote within quotes is doubled",
        next_step="close the quote, or check how the file was exported",
    )


def _not_encoded(name: str, encoding: str, *, where: str) -> DataError:
    return DataError(
        f"The data file {PurePath(name).name} is not encoded as {encoding or 'UTF-8'}.",
        where=where,
        expected=f"text in {encoding or 'UTF-8'}",
        next_step="export it as UTF-8, or give its encoding in conf/ingest/file.yaml, such as "
        "`encoding: cp1252` (Western Europe)",
    )


def _unreadable(name: str, error: Exception) -> DataError:
    if "straddling" in str(error):  # what Arrow says of a block without an end of a row
        return _endless(name, name)
    return errors.unreadable(
        name,
        error,
        expected="a header and rows, separated by one character",
        next_step="check how it was exported",
    )


def _too_many(name: str, bad: BadRows, rows: int, acceptable: float) -> DataError:
    first = bad.first
    if first.text.count('"') % 2 and "\n" in first.text:
        return _endless(name, f"{name}, row {first.number} (the header is row 1)")
    shown = ", ".join(map(str, bad.numbers[:10])) + (", ..." if bad.count > 10 else "")
    limit = f"; acceptable are {acceptable:.4%} of {rows:,}" if acceptable else ""
    return DataError(
        f"{bad.count:,} row(s) of {PurePath(name).name} have the wrong number of fields{limit}.",
        where=f"{name}, row {first.number} (the header is row 1): {first.text[:80]!r}"
        + (f"; rows {shown}" if bad.count > 1 else ""),
        expected=f"{first.expected_columns} fields, found {first.actual_columns}",
        next_step="quote the fields that contain the separator, or remove the row; or say which share "
        "may be left out: bad_rows in conf/ingest/file.yaml",
    )
