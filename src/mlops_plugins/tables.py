"""Reading and writing the Parquet tables that stages exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa


def read(path: Path) -> pa.Table:
    """Read a Parquet file.

    Raises:
        DataError: It is missing or not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise DataError(
            f"{path.name} is missing.", where=str(path), next_step="dvc repro, or dvc pull"
        ) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}.",
            where=str(path),
            expected="a Parquet file",
            next_step="dvc checkout --force, or make the file again",
        ) from None


def read_frame(path: Path) -> pd.DataFrame:
    """Read a Parquet file as a data frame."""
    frame: pd.DataFrame = read(path).to_pandas()
    return frame


def write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file; the same table gives the same bytes."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a data frame without its index."""
    import pyarrow as pa

    write(pa.Table.from_pandas(frame, preserve_index=False), path)


def read_user_file(path: Path) -> pa.Table:
    """Read a CSV or Parquet file that a person names, by its ending.

    Raises:
        DataError: It is missing, empty, of another kind, or one of its rows is malformed.
    """
    if not path.exists():
        raise DataError(
            f"The data file {path.name} does not exist.",
            where=str(path),
            expected="a CSV or Parquet file",
            next_step="put it there, or correct the path",
        )
    if path.suffix == ".parquet":
        table = read(path)
    elif path.suffix in (".csv", ".tsv", ".txt"):
        table = _read_csv(path)
    else:
        raise DataError(
            f"The data file {path.name} is of an unknown kind.",
            where=str(path),
            expected="a name that ends in .csv, .tsv or .parquet",
            next_step="convert or rename it",
        )
    duplicates = [name for name in table.column_names if table.column_names.count(name) > 1]
    if duplicates:
        raise DataError(
            f"The data file {path.name} has more than one column '{duplicates[0]}'.",
            where=f"{path}: header",
            expected="each name once",
            next_step="rename or remove one of them",
        )
    if table.num_rows == 0:
        raise DataError(
            f"The data file {path.name} has no rows.",
            where=str(path),
            expected="at least one row"
            + (" below the header" if path.suffix != ".parquet" else ""),
            next_step="check how it was exported",
        )
    return table


def _read_csv(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    malformed: list[Any] = []

    def remember(row: Any) -> str:
        malformed.append(row)
        return "skip"

    delimiter = "\t" if path.suffix == ".tsv" else ","
    try:
        # One thread: only then does Arrow know the number of a malformed row.
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=remember),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),
        )
    except pa.ArrowInvalid as error:
        empty = path.stat().st_size == 0 or "Empty CSV" in str(error)
        raise DataError(
            f"The data file {path.name} is empty."
            if empty
            else f"The data file {path.name} cannot be read: {' '.join(str(error).split())[:200]}.",
            where=str(path),
            expected="a header and rows, separated by "
            + ("tabs" if delimiter == "\t" else "commas"),
            next_step="check how it was exported",
        ) from None
    if malformed:
        first = malformed[0]
        raise DataError(
            f"{len(malformed)} row(s) of {path.name} have the wrong number of fields.",
            where=f"{path}, row {first.number} (the header is row 1): {first.text[:80]!r}",
            expected=f"{first.expected_columns} fields, found {first.actual_columns}",
            next_step="quote the fields that contain the separator, or remove the row",
        )
    _check_encoding(table, path)
    return table


def _check_encoding(table: pa.Table, path: Path) -> None:
    """Stop at text that is not UTF-8: Arrow reads such columns as bytes."""
    import pyarrow as pa

    where = f"{path}: header"
    try:
        for name, column in zip(table.column_names, table.columns, strict=True):
            if not pa.types.is_binary(column.type):
                continue
            for row, value in enumerate(column.to_pylist(), start=2):
                where = f"{path}, row {row} (the header is row 1): column {name}"
                (value or b"").decode()
    except UnicodeDecodeError:
        raise DataError(
            f"The data file {path.name} is not encoded as UTF-8.",
            where=where,
            expected="text in UTF-8",
            next_step="export it as UTF-8",
        ) from None
