"""A folder that holds the files of a list, each with its hash, and nothing beside them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_plugins.api.contracts.register import Champion

AGAIN = "fetch the model again: `dvc checkout --force`, or `mlops export`"


def check(folder: Path, listed: Mapping[str, str], *, manifest: str, besides: str) -> None:
    """Make sure that a model folder holds these files, and nothing else.

    Args:
        folder: The folder.
        listed: The SHA-256 of each file by its path below the folder, with `/`.
        manifest: The file with the list, which is not in it.
        besides: Another file that may be there.

    Raises:
        ModelError: No file is listed, one is missing, changed, or outside the folder, or a file or a
            link is there that is not listed.
    """
    if not listed:
        raise ModelError(
            "The model's manifest lists no file.",
            where=str(folder / manifest),
            expected="every file of the model, with its SHA-256",
            next_step=AGAIN,
        )
    for name in listed:
        _check_name(name, folder / manifest)
    for entry in entries(folder):
        _check_entry(entry, folder, {*listed, manifest, besides})
    for name, expected in listed.items():
        _check_content(folder / name, name, expected)


def check_registered(model: Path, champion: Champion) -> None:
    """Make sure that a model folder is the one that was registered: its manifest may be changed too.

    Raises:
        ModelError: It is another one.
    """
    digest = files.digest(model)
    if digest != champion.digest:
        raise ModelError(
            f"The files of version {champion.version} are not those that were registered.",
            where=str(model),
            expected=f"SHA-256 {champion.digest} of the folder, not {digest}",
            next_step="restore the registry's files, or go back to another version: `mlops history`",
        )


def _check_name(name: str, where: Path) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path.as_posix() != name:
        raise ModelError(
            f"The model's manifest lists {name!r}, which is no path below the model.",
            where=f"{where}: files",
            next_step=AGAIN,
        )


def _check_entry(entry: Path, folder: Path, allowed: set[str]) -> None:
    name = entry.relative_to(folder).as_posix()
    if entry.is_symlink() and not _is_link_of_dvc(entry):
        raise ModelError(
            f"The model holds a link, {name}, to {entry.readlink()}.",
            where=str(entry),
            expected="files alone, as the manifest lists them",
            next_step=AGAIN,
        )
    if not entry.is_dir() and name not in allowed:
        raise ModelError(
            f"The model holds {name}, which its manifest does not list.",
            where=str(entry),
            expected="the files that the manifest lists, and no other",
            next_step=f"remove it if you know who put it there, or {AGAIN}",
        )


def _check_content(file: Path, name: str, expected: str) -> None:
    if not file.is_file() or files.digest(file) != expected:
        raise ModelError(
            f"The model file {name} is {'corrupt' if file.is_file() else 'missing'}.",
            where=str(file),
            expected=f"SHA-256 {expected}",
            next_step=AGAIN,
        )


def entries(folder: Path) -> Iterator[Path]:
    """Give everything below a folder; a link to a folder is given and not followed."""
    for parent, folders, names in os.walk(folder):
        yield from (Path(parent) / name for name in sorted([*folders, *names]))


def _is_link_of_dvc(entry: Path) -> bool:
    """Return whether DVC made the link: to a file of its cache, where `cache.type` is `symlink`."""
    return entry.is_file() and entry.resolve().parts[-4:-2] == ("files", "md5")
