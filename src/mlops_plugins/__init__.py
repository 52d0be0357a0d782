"""The stages of a machine-learning project, each one swappable by a word in `conf/`."""

from __future__ import annotations

import sys
from typing import Any

from mlops_plugins import moved
from mlops_plugins.api.component import Component, Field, OptionGroup
from mlops_plugins.api.context import Context
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.api.contracts.retrain import Decision
from mlops_plugins.api.errors import (
    BlockedError,
    ConfigurationError,
    DataError,
    MlopsError,
    ModelError,
)
from mlops_plugins.api.hookspecs import hookimpl
from mlops_plugins.api.spec import ComponentSpec
from mlops_plugins.api.stage import Contract, Stage

__all__ = [
    "Alert",
    "BlockedError",
    "Component",
    "ComponentSpec",
    "ConfigurationError",
    "Context",
    "Contract",
    "DataError",
    "Decision",
    "Field",
    "Finding",
    "MlopsError",
    "ModelError",
    "OptionGroup",
    "Source",
    "Stage",
    "hookimpl",
]

moved.install()


def __getattr__(name: str) -> Any:
    """Return what plugins of the previous version import by its former name."""
    if name not in moved.NAMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return moved.attribute(sys.modules[__name__], name)
