"""Reading the files that people have, each kind in a module of its own.

A kind's `convert` writes one file's rows as Parquet with plain types, in bounded memory, and returns
how many rows there are and how the file was written.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.reading import by_schema, csv, errors, excel, parquet
from mlops_plugins.artifacts.reading.nulls import USUAL_WORDS, NullWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mlops_plugins.artifacts.schema import Schema

READERS: Mapping[str, Any] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), csv),
    **dict.fromkeys((".parquet", ".pq"), parquet),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), excel),
}
COMPRESSED = (".gz", ".zst", ".bz2")


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a file is written; what is empty is inferred from the file.

    Attributes:
        delimiter: The character between fields.
        encoding: The text's encoding.
        decimal: The decimal mark.
        null_words: Texts that mean a missing value.
        bad_rows: The maximum share of rows that may have a wrong number of fields.
        sheet: The sheet of an Excel file; empty: the first.
        target: The column in which texts that mean a missing value are counted, as one may be a class.
    """

    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    null_words: NullWords = USUAL_WORDS
    target: str = ""
    bad_rows: float = 0.0
    sheet: str = ""
    text_as_written: bool = False
    """Whether texts that mean a missing value stay what they are in columns of text."""


def reader_of(name: str) -> Any:
    """Return the module that reads files of such a name, or None."""
    path = PurePath(name)
    if path.suffix.lower() in COMPRESSED:
        inner = READERS.get(PurePath(path.stem).suffix.lower())
        return inner if inner is csv else None
    return READERS.get(path.suffix.lower())


def convert(
    source: Path, output: Path, *, name: str, options: ReadOptions, types: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a file's rows as Parquet.

    Args:
        source: The file.
        output: The Parquet file to write.
        name: What a user knows the file as; its ending says the kind.
        options: How the file is written.
        types: The types of columns that are not to be inferred.

    Returns:
        `rows`, and what was used: `delimiter`, `encoding`, `decimal`, `bad_rows` (which were left out),
        `title_lines` (texts above the header) and `empty_rows` (how many), which were left out,
        `target_nulls` (how many rows have which text that means a missing target), `kept_as_text`
        (columns of digits that are no numbers).

    Raises:
        DataError: The file is of another kind, damaged, or not written as it should be.
    """
    reader = reader_of(name)
    if reader is None:
        raise DataError(
            f"The data file {PurePath(name).name} is of an unknown kind.",
            where=name,
            expected=errors.ENDINGS,
            next_step="convert or rename it",
        )
    details: dict[str, Any] = reader.convert(
        source, output, name=name, options=options, types=types
    )
    return details


def read_frame(path: Path, described: Schema, null_words: NullWords = USUAL_WORDS) -> pd.DataFrame:
    """Read a file that a person names into memory, each column as the schema describes it.

    In CSV and sheets, a category that the schema lists stays text, `007`, `1E5` and `NA` too, and so
    does an id; integers stay exact. What the schema does not describe is inferred.

    Args:
        path: The file.
        described: The schema.
        null_words: Which texts mean a missing value.

    Raises:
        DataError: It is missing, empty, of another kind, or one of its rows is malformed.
    """
    if not path.exists():
        raise errors.missing(str(path))
    typed = reader_of(path.name) is parquet
    options = ReadOptions(null_words=null_words, text_as_written=not typed)
    types = {} if typed else by_schema.types(described)
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "converted.parquet"
        details = convert(path, converted, name=str(path), options=options, types=types)
        if details["rows"] == 0:
            raise errors.no_rows(str(path))
        table = tables.read(converted)
    if not typed:
        table = by_schema.without_null_words(table, described, null_words)
    return by_schema.frame(table, described)
