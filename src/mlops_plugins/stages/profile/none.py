"""Profile nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class NoProfile(Component):
    """Profiles nothing: a profile without columns."""

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write that no column is described."""
        files.write_json(output / "profile.json", {"columns": [], "notes": []})
