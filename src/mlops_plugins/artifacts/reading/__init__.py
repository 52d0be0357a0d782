"""Reading the files that people have, each kind of them in a module of its own.

A kind's `convert` writes one file's rows as Parquet with plain types, in bounded memory, and returns
how many rows there are and how the file was written.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts.reading import csv, excel, parquet

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

KINDS: Mapping[str, Any] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), csv),
    **dict.fromkeys((".parquet", ".pq"), parquet),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), excel),
}
COMPRESSED = (".gz", ".zst", ".bz2")
ENDINGS = "a name that ends in .csv, .tsv (also .gz, .zst, .bz2), .parquet, .xlsx, .xls or .ods"


@dataclass(frozen=True, kw_only=True)
class How:
    """What a file does not say of itself; what is empty is found."""

    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    null_values: tuple[str, ...] = ()
    bad_rows: float = 0.0
    sheet: str = ""


def kind(name: str) -> Any:
    """Return the module that reads files of such a name, or None."""
    path = PurePath(name)
    if path.suffix.lower() in COMPRESSED:
        inner = KINDS.get(PurePath(path.stem).suffix.lower())
        return inner if inner is csv else None
    return KINDS.get(path.suffix.lower())


def convert(
    source: Path, output: Path, *, name: str, how: How, types: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a file's rows as Parquet.

    Args:
        source: The file.
        output: The Parquet file to write.
        name: What a user knows the file as; its ending tells the kind.
        how: What the file does not say of itself.
        types: The types of columns that are not to be inferred.

    Returns:
        `rows`, and what was found: `delimiter`, `encoding`, `decimal`, `bad_rows` (which were left out).

    Raises:
        DataError: The file is of another kind, damaged, or not written as it should be.
    """
    reader = kind(name)
    if reader is None:
        raise DataError(
            f"The data file {PurePath(name).name} is of an unknown kind.",
            where=name,
            expected=ENDINGS,
            next_step="convert or rename it",
        )
    found: dict[str, Any] = reader.convert(source, output, name=name, how=how, types=types)
    return found


def read(path: Path) -> pa.Table:
    """Read a file that a person names into memory.

    Raises:
        DataError: It is missing, empty, of another kind, or one of its rows is malformed.
    """
    import pyarrow.parquet as pq

    if not path.exists():
        raise missing(str(path))
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "converted.parquet"
        if convert(path, converted, name=str(path), how=How(), types={})["rows"] == 0:
            raise no_rows(str(path))
        return pq.read_table(converted)


def missing(name: str) -> DataError:
    """Return what is told of a file that is not there."""
    return DataError(
        f"The data file {PurePath(name).name} does not exist.",
        where=name,
        expected=ENDINGS,
        next_step="put it there, or correct the path",
    )


def no_rows(name: str) -> DataError:
    """Return what is told of files with no row below the header."""
    return DataError(
        f"The data file {PurePath(name).name} has no rows.",
        where=name,
        expected="at least one row below the header",
        next_step="check how it was exported",
    )
