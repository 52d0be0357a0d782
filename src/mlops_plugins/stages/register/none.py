"""Register nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class NoRegistry(Component):
    """Holds no model: there is never a champion, and the gate judges by limits and baselines alone."""

    def register(self, context: Context, *, model: Path, output: Path, **_: object) -> None:
        """Write that the model has no alias."""
        files.write_json(output, {"digest": files.digest(model), "alias": None})

    def champion(self, context: Context) -> None:
        """Return None: there is no champion."""
        return
