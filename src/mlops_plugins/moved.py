"""The former places of what plugins import: they work, with a warning, until the version that says so.

Saved models name `mlops_plugins.estimators`, `mlops_plugins.features` and `mlops_plugins.mlflow_loader`,
which stay where they are.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.deprecation import Deprecated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

PACKAGE = "mlops_plugins"

MODULES = {
    "batches": "artifacts.batches",
    "conversion": "artifacts.schema.dtypes",
    "errors": "api.errors",
    "files": "artifacts.files",
    "folds": "artifacts.folds",
    "hookspecs": "api.hookspecs",
    "model": "artifacts.model_folder",
    "options": "api.component",
    "prediction_log": "artifacts.prediction_log",
    "registry": "manager.plugin_manager",
    "schema": "artifacts.schema",
    "scoring": "metrics.scoring",
    "slices": "metrics.slices",
    "tables": "artifacts.tables",
}
"""Modules by their former names, which plugins of the previous version import."""

NAMES = {
    "Implementation": "ComponentSpec",
    "Offer": "RegisteredComponent",
    "Options": "Component",
    "Registry": "PluginManager",
    "registry": "plugin_manager",
}
"""Classes and functions by their former names."""

STAGES = "mlops_plugins.stages"
"""The module that held every contract, and is the folder of the built-in stages now."""

CONTRACT_MODULES = ("api.context", "api.paths", "api.spec", "api.stage", "api.contracts")


def install() -> None:
    """Let the former modules be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


class _Finder(MetaPathFinder, Loader):
    """Comes last, so that it costs nothing until a module is looked for that is nowhere else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = name.rpartition(".")
        return ModuleSpec(name, self) if package == PACKAGE and module in MODULES else None

    def exec_module(self, module: ModuleType) -> None:
        """Let the module answer with what its new place has."""
        present = f"{PACKAGE}.{MODULES[module.__name__.rpartition('.')[2]]}"
        _warn(f"it imports '{module.__name__}'", f"'{present}'", frames=3)
        found = importlib.import_module(present)

        def get(name: str) -> Any:
            return attribute(found, name)

        module.__dict__["__getattr__"] = get


def attribute(found: ModuleType, name: str) -> Any:
    """Return what a module has by a present or a former name.

    Raises:
        AttributeError: It has neither.
    """
    if name in NAMES and hasattr(found, NAMES[name]):
        _warn(f"it uses '{name}'", f"'{NAMES[name]}'", frames=4)
        name = NAMES[name]
    return getattr(found, name)


def contract(name: str) -> Any:
    """Return what `mlops_plugins.stages` held: a contract, what passes through it, or a path.

    Raises:
        AttributeError: It held no such name.
    """
    present = NAMES.get(name, name)
    contracts = importlib.import_module(f"{PACKAGE}.api.contracts")
    places = [*CONTRACT_MODULES, *(f"api.contracts.{stage}" for stage in contracts.CONTRACTS)]
    for place in places:
        module = importlib.import_module(f"{PACKAGE}.{place}")
        if hasattr(module, present):
            _warn(f"it imports '{name}' from '{STAGES}'", f"it from '{module.__name__}'", frames=4)
            return getattr(module, present)
    raise AttributeError(f"module '{STAGES}' has no attribute '{name}'")


def _warn(what: str, present: str, *, frames: int) -> None:
    """Warn at the line of the plugin, so many frames up."""
    warnings.warn(Deprecated(what, instead=f"use {present}"), stacklevel=frames)
