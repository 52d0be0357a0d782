"""A column that carries the model alone, which the explanation names: it may be a leak."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.stages.gate.checks import Check, guarded, read

if TYPE_CHECKING:
    from pathlib import Path


def check(explanation: Path) -> list[Check]:
    """Return a check that names the column; none if there is no such column, or no explanation.

    It blocks nothing: only people know whether the column is known before the target is.
    """
    path = explanation / "importance.json"
    if not path.exists():
        return []
    found = guarded("importance", partial(_check, path))
    return [found] if found.reason else []


def _check(path: Path) -> Check:
    leak = read(path).get("possible_leak")
    return Check("importance", "pass", f"possible leak: {leak}" if leak else "")
