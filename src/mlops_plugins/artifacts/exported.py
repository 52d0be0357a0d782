"""What travels with an exported model: its version in the registry, and how the project serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "export.json"
DEFAULT: Mapping[str, Any] = {"name": "fastapi"}
"""How a model is served for which no project chose."""


@dataclass(frozen=True)
class Export:
    """What `export.json` in an exported model folder says.

    Attributes:
        version: The model's version in the registry.
        model: The SHA-256 of the model folder, without this file.
        serve: The section `serve` of the project's `params.yaml`: a name, and its options.
    """

    version: str
    model: str
    serve: Mapping[str, Any]


def write(folder: Path, export: Export) -> None:
    """Write the file into an exported model folder."""
    files.write_json(folder / FILE, vars(export))


def read(folder: Path) -> Export | None:
    """Read the file of a model folder; None if it was not exported.

    Raises:
        ModelError: The file is corrupt, or about another model.
    """
    if not (folder / FILE).exists():
        return None
    try:
        export = Export(**files.read_json(folder / FILE))
        valid = isinstance(export.version, str) and isinstance(export.serve["name"], str)
    except (ValueError, TypeError, KeyError):
        valid = False
    if not valid or export.model != files.digest(folder, without=FILE):
        raise ModelError(
            f"The model's {FILE} is corrupt, or about another model.",
            where=str(folder / FILE),
            next_step="export the model again: `mlops export`",
        )
    return export
