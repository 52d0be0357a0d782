"""Errors for files of a user's own that cannot be read."""

from __future__ import annotations

from pathlib import PurePath

from mlops_plugins.api.errors import DataError

ENDINGS = "a name that ends in .csv, .tsv (also .gz, .zst, .bz2), .parquet, .xlsx, .xls or .ods"


def missing(name: str) -> DataError:
    """Return the error for a file that does not exist."""
    return DataError(
        f"The data file {PurePath(name).name} does not exist.",
        where=name,
        expected=ENDINGS,
        next_step="put it there, or correct the path",
    )


def no_rows(name: str) -> DataError:
    """Return the error for files with no row below the header."""
    return DataError(
        f"The data file {PurePath(name).name} has no rows.",
        where=name,
        expected="at least one row below the header",
        next_step="check how it was exported",
    )


def empty(name: str, *, where: str, next_step: str) -> DataError:
    """Return the error for a file without even a header."""
    return DataError(
        f"The data file {PurePath(name).name} is empty.",
        where=where,
        expected="a header and rows",
        next_step=next_step,
    )


def unreadable(name: str, error: Exception, *, expected: str, next_step: str) -> DataError:
    """Return the error for a damaged file, or one that is not what its name says."""
    reason = " ".join(str(error).split())[:200].rstrip(".")
    return DataError(
        f"The data file {PurePath(name).name} cannot be read: {reason}.",
        where=name,
        expected=expected,
        next_step=next_step,
    )
