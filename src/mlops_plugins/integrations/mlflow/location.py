"""MLflow's store of a project, wherever the project lives: in folders of any name, and after a move."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_plugins.api.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE: Final = "mlflow.db"
ARTIFACTS: Final = "mlartifacts"

RESERVED: Final = "%?#"
"""What SQLAlchemy's versions read differently in an address, quoted or not."""


def address(database: Path) -> str:
    """Return the address of a database; through a link if its folder cannot stand in one."""
    folder = database.parent.resolve()
    if any(character in str(folder) for character in RESERVED):
        folder = _linked(folder)
    return f"sqlite:///{folder / database.name}"


def _linked(folder: Path) -> Path:
    """Return a link to a folder, in the folder for temporary files.

    Raises:
        ConfigurationError: What is there is not this user's link to the folder.
    """
    key = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    link = Path(tempfile.gettempdir()) / f"mlops-{os.getuid()}-{key}"
    try:
        link.symlink_to(folder)
    except FileExistsError:
        ours = link.is_symlink() and link.lstat().st_uid == os.getuid()
        if not ours or link.readlink() != folder:
            raise ConfigurationError(
                f"The path of this project has one of {RESERVED} in it, and no link to it can be made.",
                where=str(link),
                expected=f"a link to {folder}",
                next_step="remove what is there, or rename the project's folder",
            ) from None
    return link


def escape_percent_signs() -> None:
    """Let MLflow find its migrations where the environment's path has a percent sign, as in `50% off/.venv`.

    MLflow escapes the sign in the database's address only, and Alembic takes it for a placeholder.
    """
    import alembic.config
    import mlflow

    set_option = alembic.config.Config.set_main_option
    if "%" not in mlflow.__file__ or set_option.__module__ == __name__:
        return

    def set_escaped(config: alembic.config.Config, name: str, value: str) -> None:
        if name == "script_location":
            value = value.replace("%%", "%").replace("%", "%%")
        set_option(config, name, value)

    alembic.config.Config.set_main_option = set_escaped  # type: ignore[assignment, method-assign]  # the parameter is called self there


def artifacts(home: Path) -> str:
    """Return the address of a project's artifacts."""
    return (home.resolve() / ARTIFACTS).as_uri()


def follow(home: Path) -> None:
    """Let the store name its artifacts where they are, after the project was moved or copied.

    MLflow writes the artifacts' absolute address into each experiment, run and version, and would
    read, and write, in the former place.
    """
    here = artifacts(home)
    if not (home / ARTIFACTS).is_dir():
        return
    with closing(sqlite3.connect(home / DATABASE)) as database:
        rows = database.execute(
            "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE ?",
            (f"file:%/{ARTIFACTS}",),
        )
        former = [location for (location,) in rows if location != here]
        with database:
            for location in former:
                _move(database, location, here)


def _move(database: sqlite3.Connection, former: str, present: str) -> None:
    for table, column in _texts(database):
        database.execute(
            f'UPDATE "{table}" SET "{column}" = ? || substr("{column}", ?)'  # noqa: S608  names of the schema
            f' WHERE "{column}" = ? OR substr("{column}", 1, ?) = ?',
            (present, len(former) + 1, former, len(former) + 1, f"{former}/"),
        )


def _texts(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Give each column that holds text, of each table."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        for _, column, kind, *_ in database.execute(f'PRAGMA table_info("{table}")').fetchall():
            if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                yield table, column
