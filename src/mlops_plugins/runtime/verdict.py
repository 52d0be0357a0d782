"""The newest verdict of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ModelError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.config import params

if TYPE_CHECKING:
    from pathlib import Path


def read(root: Path) -> dict[str, Any]:
    """Return the newest verdict of the gate.

    Raises:
        ModelError: No model has been judged yet, or its verdict is none.
    """
    path = root / CONTRACTS[Stage.GATE].outputs["output"]
    if not path.exists():
        params.read(root)  # where there is no project, it says so
        raise ModelError("No model has been judged yet.", where=str(path), next_step="dvc repro")
    try:
        found = dict(files.read_json(path))
        _ = found["decision"], found["reasons"]
    except (ValueError, TypeError, KeyError):
        raise ModelError(
            "The verdict is corrupt.",
            where=str(path),
            expected="JSON with a decision and its reasons",
            next_step="dvc repro --force gate",
        ) from None
    return found
