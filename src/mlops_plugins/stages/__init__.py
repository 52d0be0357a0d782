"""The built-in implementations: a folder a stage, a file for each name in `conf/`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Return a contract that plugins of the previous version import from here."""
    if name.startswith("_"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from mlops_plugins import moved

    return moved.contract(name)
