"""Sheets of Excel and OpenDocument files; a sheet has at most a million rows, so it is read at once."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError, DataError, did_you_mean
from mlops_plugins.artifacts.reading import csv_dialect, errors, headers
from mlops_plugins.artifacts.reading.values import MixedError, column
from mlops_plugins.artifacts.reading.writer import store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.artifacts.reading import ReadOptions


def convert(
    source: Path, output: Path, *, name: str, options: ReadOptions, types: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a sheet's rows as Parquet; the first row that is not blank is the header.

    Floats without a fraction are integers, as Excel knows one kind of number only; a column that mixes kinds
    becomes text.

    Raises:
        DataError: It is no such file, has not the sheet, or a column with values has no name.
        ConfigurationError: The library that reads it is not installed.
    """
    import pyarrow as pa

    found = _rows(source, name, options.sheet)
    start = _header(found)
    rows = [row for row in found[start:] if any(value is not None for value in row)]
    titles = [str(value) for row in found[:start] for value in row if value is not None]
    names, columns = _columns(rows, name)
    headers.check(names, f"The data file {PurePath(name).name}", where=f"{name}: header")
    missing = frozenset(options.null_words.texts)
    kept = frozenset({""}) if options.text_as_written else missing
    arrays = [
        _array(values, kept if each in types else missing, types.get(each))
        for each, values in zip(names, columns, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, names=names)
    targets = columns[names.index(options.target)] if options.target in names else []
    words = Counter(each for each in targets if isinstance(each, str) and each in missing)
    details = {
        "title_lines": titles,
        "empty_rows": len(found) - start - len(rows),
        "target_nulls": dict(sorted(words.items())),
    }
    return {
        "rows": store(output, batch.schema, [batch]),
        **{key: each for key, each in details.items() if each},
    }


def _rows(source: Path, name: str, sheet: str) -> list[list[Any]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound
    except ImportError:
        raise ConfigurationError(
            f"Nothing that is installed reads {PurePath(name).name}.",
            where=name,
            expected="the package python-calamine",
            next_step="uv add 'mlops-plugins[excel]'",
        ) from None
    try:
        with CalamineWorkbook.from_path(str(source)) as book:
            wanted = sheet or book.sheet_names[0]
            try:
                worksheet = book.get_sheet_by_name(wanted)
            except WorksheetNotFound:
                raise DataError(
                    f"There is no sheet '{wanted}' in {PurePath(name).name}."
                    f"{did_you_mean(wanted, book.sheet_names)}",
                    where=name,
                    expected="one of " + ", ".join(book.sheet_names),
                    next_step="correct sheet in conf/ingest/file.yaml",
                ) from None
            rows = [
                [None if value == "" else value for value in row] for row in worksheet.iter_rows()
            ]
    except (CalamineError, OSError) as error:
        raise errors.unreadable(
            name,
            error,
            expected="a workbook of Excel or OpenDocument",
            next_step="open it, and save it again",
        ) from None
    first = next((at for at, row in enumerate(rows) if any(each is not None for each in row)), None)
    if first is None:
        raise errors.empty(
            name,
            where=f"{name}: sheet {wanted}",
            next_step="check which sheet holds the data: sheet in conf/ingest/file.yaml",
        )
    return rows[first:]


def _header(rows: Sequence[Sequence[Any]]) -> int:
    """Return where the header is: below lines of one value, such as a title, if it is all names."""
    for place, row in enumerate(rows[: csv_dialect.MAX_TITLES]):
        filled = [value for value in row if value is not None]
        if len(filled) > 1:
            is_header = len(filled) >= csv_dialect.MIN_COLUMNS and place + 1 < len(rows)
            return place if is_header and all(isinstance(each, str) for each in filled) else 0
    return 0


def _columns(rows: Sequence[Sequence[Any]], name: str) -> tuple[list[str], list[list[Any]]]:
    """Return names and values, without columns that have neither."""
    names, columns = [], []
    for place, head in enumerate(rows[0]):
        values = [row[place] for row in rows[1:]]
        if head is not None:
            names.append(str(head))
            columns.append(values)
        elif place == 0 and any(value is not None for value in values):
            names.append("")  # the numbers of the rows, which pandas writes below no name
            columns.append(values)
        elif any(value is not None for value in values):
            raise DataError(
                f"The column {place + 1} of {PurePath(name).name} has values and no name.",
                where=f"{name}: header",
                expected="one row of names above the rows",
                next_step="name the column, and remove what stands above the header",
            )
    return names, columns


def _array(values: Sequence[Any], missing: frozenset[str], kind: Any) -> pa.Array:
    import pyarrow as pa

    present = [None if isinstance(each, str) and each in missing else each for each in values]
    integral = all(each.is_integer() for each in present if type(each) is float)
    if integral:
        present = [int(each) if type(each) is float else each for each in present]
    try:
        if kind is None:
            return column(present)
    except MixedError:
        pass
    return pa.array([None if each is None else str(each) for each in present], pa.string())
