"""Whether what a user names to write to may be written: nothing but a command's own work is replaced."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath
from typing import Final

from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.api.paths import MONITORING_REPORTS
from mlops_plugins.artifacts import exported, files, sealed, tables
from mlops_plugins.artifacts.model_folder import MANIFEST

PARQUET: Final = ".parquet"
CSV: Final = ".csv"
"""How predictions are written, by the end of the file's name."""


def check_predictions(output: Path, data: Path) -> None:
    """Make sure that a file of predictions may be written.

    Raises:
        ConfigurationError: It is a folder, the input, a file with anything but predictions, or neither
            Parquet nor CSV by its name.
    """
    where, free = f"--output: {output}", "the path of a new file, or of earlier predictions"
    if output.is_dir():
        raise _refused(f"{output} is a folder", where, free)
    if output.suffix not in (PARQUET, CSV):
        raise _refused(
            f"{output} names no format", where, f"a name that ends in {PARQUET} or {CSV}"
        )
    if not output.exists():
        return
    if output.resolve() == data.resolve() or data.resolve() in output.resolve().parents:
        raise _refused(f"{output} is the input, which the predictions would replace", where, free)
    if output.stat().st_size and not _holds_predictions(output):
        raise _refused(f"{output} is there, and holds no predictions", where, free)


def check_export(folder: Path) -> None:
    """Make sure that a model may be exported to a folder.

    Raises:
        ConfigurationError: It holds anything but an earlier export.
    """
    free = "a new or empty folder, or one that `mlops export` wrote"
    where = f"--to: {folder}"
    if not folder.exists():
        return
    if not folder.is_dir():
        raise _refused(f"{folder} is a file", where, free)
    if any(folder.iterdir()) and not _is_export(folder):
        raise _refused(f"{folder} is there, and is no earlier export", where, free)


def report_folder(home: Path, name: str) -> Path:
    """Return where a monitoring report of a name is written.

    Raises:
        ConfigurationError: The name is a path, or names a folder that is no report.
    """
    where = f"--name: {name}"
    if not name or name in (".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
        raise _refused(f"The report's name is {name!r}", where, "a name, without / and ..")
    folder = home / MONITORING_REPORTS / name
    if folder.exists() and not (folder / "report.json").is_file():
        raise _refused(f"{folder} is there, and is no report", where, "a new name")
    return folder


def _holds_predictions(file: Path) -> bool:
    try:
        return {"prediction", "score"} <= set(_columns(file))
    except (DataError, UnicodeDecodeError):
        return False


def _columns(file: Path) -> list[str]:
    if file.suffix != CSV:
        return list(tables.schema_of(file).names)
    with file.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _is_export(folder: Path) -> bool:
    """Return whether a folder holds the files of an export, corrupt ones too, and no other."""
    try:
        listed = set(files.read_json(folder / MANIFEST)["files"])
    except (OSError, ValueError, TypeError, KeyError):
        return False
    own = {MANIFEST, exported.FILE, *listed}
    there = {entry.relative_to(folder).as_posix() for entry in sealed.entries(folder)}
    folders = {parent.as_posix() for name in own for parent in PurePosixPath(name).parents}
    return exported.FILE in there and there <= own | folders


def _refused(what: str, where: str, expected: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what}.",
        where=where,
        expected=expected,
        next_step="name another one, or move away what is there",
    )
