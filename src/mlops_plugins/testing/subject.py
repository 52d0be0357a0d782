"""The implementation that is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component, parse
from mlops_plugins.manager.plugin_manager import RegisteredComponent, plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Run = Callable[["Subject", Path], None]
    """Checks an implementation in an empty folder."""


# Compared by identity, so that what is costly is made once for it.
@dataclass(frozen=True, eq=False)
class Subject:
    """An offer, and the options that its author gave for the checks."""

    offer: RegisteredComponent
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.stage}/{self.name}"

    @property
    def stage(self) -> str:
        """Return its stage."""
        return self.offer.implementation.stage

    @property
    def name(self) -> str:
        """Return its name."""
        return self.offer.implementation.name

    def load(self) -> type[Component]:
        """Import its class.

        Raises:
            ConfigurationError: It cannot be imported, or is no implementation.
        """
        return plugin_manager().load(self.stage, self.name)

    def make(self) -> Any:
        """Make an instance with the author's options.

        Raises:
            ConfigurationError: An option is missing or wrong.
        """
        return parse(self.load(), self.options, where=f"checks(options={{'{self}': ...}})")
