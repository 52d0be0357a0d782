"""Track nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.track import Result


class NoTracker(Component):
    """Tracks nothing."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Write that there is no run."""
        files.write_json(output, {"digest": result.digest})
