"""Ingest from files of the team's own: one or many, here or in an object store.

Each file is converted on its own and kept in `.mlops/cache/ingest/`, so that only new and changed
files are read again. Then all are put together: a column has the type that holds its values in every
file; where that is text, files in which it looked like numbers are read again, as text.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import batches, reading, tables
from mlops_plugins.artifacts.reading import errors, headers, source_files, writer
from mlops_plugins.artifacts.reading.nulls import NullWords
from mlops_plugins.stages.ingest import cache, target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.reading.source_files import SourceFile
    from mlops_plugins.stages.ingest.cache import Cache, CachedTable


class File(Component):
    """Reads CSV, Parquet and Excel files, by their endings."""

    path: str = Field(
        description="A file, a folder or a pattern such as data/source/*.csv, relative to the project; "
        "or a URL of these: s3://bucket/prefix/. Folders named key=value become columns."
    )
    delimiter: str = Field("", description="One character between fields; empty: inferred.")
    encoding: str = Field(
        "",
        description="The text's encoding, such as cp1252; empty: UTF-8, or what its byte order mark names.",
    )
    decimal: str = Field("", description="The decimal mark, '.' or ','; empty: inferred.")
    null_values: list[str] = Field(
        [],
        description="Texts that mean a missing value, beside the usual ones ('', NA, null, ...).",
    )
    usual_nulls: bool = Field(
        True,
        description="Whether the usual texts (NA, N/A, NaN, null, ...) mean a missing value; false: an "
        "empty field alone does, and what null_values lists.",
    )
    bad_rows: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Maximum share of a file's rows, 0 to 1, that may be left out because their number "
        "of fields is wrong; they are listed in reports/ingest.json.",
    )
    sheet: str = Field("", description="The sheet of an Excel file; empty: the first.")
    timeout: float = Field(
        60.0, gt=0, description="Seconds after which an attempt to reach a server is given up."
    )

    def ingest(self, context: Context, *, output: Path) -> Source:
        """Write the files' rows, in the order of the files' names."""
        sources = source_files.find(context.root, self.path, timeout=self.timeout)
        with cache.opened(context, "file") as store:
            options = self.read_options(context.data.target)
            parts = [ConvertedFile(source, options, store) for source in sources]
            schema = writer.union([part.schema for part in parts])
            parts = [part.reread(schema) for part in parts]
            rows = writer.store(output, schema, _rows(parts, schema))
        if rows == 0:
            raise errors.no_rows(self.path)
        # Before the check: a class that is read as missing may be why there is one class alone.
        self._log_null_words(context, parts)
        target.check(output, context.data.target, where=self.path)
        self._log_summary(context, parts, schema, rows)
        return Source(description=self.path, details={"files": [part.described for part in parts]})

    @property
    def null_words(self) -> NullWords:
        """Return which texts mean a missing value, for the files of jobs too."""
        return NullWords(tuple(self.null_values), self.usual_nulls)

    def read_options(self, target: str) -> reading.ReadOptions:
        """Return how the files are written."""
        return reading.ReadOptions(
            delimiter=self.delimiter,
            encoding=self.encoding,
            decimal=self.decimal,
            null_words=self.null_words,
            bad_rows=self.bad_rows,
            sheet=self.sheet,
            target=target,
        )

    def _log_summary(
        self, context: Context, parts: Sequence[ConvertedFile], schema: pa.Schema, rows: int
    ) -> None:
        fresh = sum(part.fresh for part in parts)
        read = f" ({fresh} of {len(parts)} files converted)" if len(parts) > 1 else ""
        context.log(f"{rows:,} rows, {len(schema)} columns from {self.path}{read}")
        for name in schema.names:
            lacking = [part.source.name for part in parts if name not in part.schema.names]
            if lacking:
                context.log(
                    f"column '{name}' is missing in {len(lacking)} of {len(parts)} files, "
                    f"such as {lacking[0]}: it is null there"
                )
        bad = sum(part.described.get("bad_rows", {}).get("count", 0) for part in parts)
        if bad:
            context.log(f"{bad:,} row(s) left out: see reports/ingest.json")

        self._log_left_out(context, parts)
        kept: dict[str, dict[str, str]] = {}
        for part in parts:
            kept |= part.described.get("kept_as_text", {})
        for name, found in kept.items():
            context.log(
                f"column '{name}' stays text, as {found['example']!r} {found['why']}; if these are "
                "numbers, say `type: integer` or `type: number` of it in schema.yaml"
            )

    def _log_left_out(self, context: Context, parts: Sequence[ConvertedFile]) -> None:
        """Say which lines of the files are no rows."""
        empty = sum(part.described.get("empty_rows", 0) for part in parts)
        if empty:
            context.log(f"{empty:,} row(s) without any value left out")
        titled = [part.described for part in parts if "title_lines" in part.described]
        if titled:
            first = titled[0]
            shown = ", ".join(repr(line[:80]) for line in first["title_lines"][:3])
            others = f", and in {len(titled) - 1} more file(s)" if len(titled) > 1 else ""
            context.log(
                f"{len(first['title_lines'])} line(s) above the header left out in {first['file']}: "
                f"{shown}{others}"
            )

    def _log_null_words(self, context: Context, parts: Sequence[ConvertedFile]) -> None:
        """Say which usual texts stand for a missing target: one may be the name of a class."""
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part.described.get("target_nulls", {}))
        for word, count in sorted(counts.items()):
            if word not in self.null_values:
                context.log(
                    f"{count:,} row(s) have {word!r} as target '{context.data.target}', which is read "
                    "as missing; if it is a class, set usual_nulls: false in conf/ingest/file.yaml, "
                    "and list in null_values there what is missing beside empty fields"
                )


def _rows(parts: Sequence[ConvertedFile], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with batches.opened(part.table.path) as table:
            yield from writer.fitted(table.batches(), schema, part.values)


class ConvertedFile:
    """A source file as Parquet in the cache: converted now, or by an earlier run."""

    def __init__(
        self,
        source: SourceFile,
        options: reading.ReadOptions,
        store: Cache,
        types: Mapping[str, Any] | None = None,
    ) -> None:
        self.source, self.options, self.store = source, options, store
        self.fingerprint = source.fingerprint()
        as_text = {name: str(kind) for name, kind in (types or {}).items()}
        # What stands for the content is its hash where there is one, whatever the file's name.
        content = self.fingerprint.get("sha256") or [source.name, self.fingerprint]
        suffixes = source.name.rpartition("/")[2].partition(".")[2]
        key = cache.key("file", content, suffixes, asdict(options), as_text)
        cached = store.get(key)
        self.fresh = cached is None
        self.table: CachedTable = cached or store.put(
            key, lambda draft: self._convert(draft, types or {})
        )
        self.values = source_files.partitions(source.below)
        own = tables.schema_of(self.table.path)
        headers.check(
            [*own.names, *self.values], source.name, where=f"{source.name}: header and folders"
        )
        self.schema = writer.union([own, _partitioned(self.values)])

    @property
    def described(self) -> dict[str, Any]:
        """Return what the manifest says of the file."""
        return {"file": self.source.name, **self.fingerprint, **self.table.details}

    def reread(self, schema: pa.Schema) -> ConvertedFile:
        """Return the part with those columns as text that are text in all files together."""
        import pyarrow as pa

        own = tables.schema_of(self.table.path)
        changed = {
            each.name: pa.string()
            for each in own
            if schema.field(each.name).type == pa.string()
            and each.type not in (pa.string(), pa.null())
        }
        if not changed:
            return self
        return ConvertedFile(self.source, self.options, self.store, changed)

    def _convert(self, draft: Path, types: Mapping[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(dir=draft.parent) as folder:
            local = self.source.fetch(Path(folder))
            try:
                details = reading.convert(
                    local, draft, name=self.source.name, options=self.options, types=types
                )
            except DataError:
                # A row that is half written is no mistake in the row.
                self._check_unchanged()
                raise
        self._check_unchanged()
        return details

    def _check_unchanged(self) -> None:
        if self.source.fingerprint() != self.fingerprint:
            raise DataError(
                f"{self.source.name} changed while it was read.",
                where=self.source.name,
                expected="a file that nobody writes to",
                next_step="wait until it is complete, then run again",
            )


def _partitioned(values: Mapping[str, str | None]) -> pa.Schema:
    """Return the columns that folders name; those whose values are digits are numbers."""
    import pyarrow as pa

    def kind(value: str | None) -> Any:
        if value is None:
            return pa.null()
        return pa.int64() if value.isdigit() and value.isascii() else pa.string()

    return pa.schema([(name, kind(value)) for name, value in values.items()])
