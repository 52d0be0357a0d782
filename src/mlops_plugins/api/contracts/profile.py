"""Profile: show what the data look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import SCHEMA
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Profile(Protocol):
    """Show what the data look like."""

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write `profile.html`, which needs nothing from elsewhere, and `profile.json` into `output`."""
        ...


CONTRACT: Final = Contract(
    stage="profile",
    protocol=Profile,
    inputs={"table": "data/validated.parquet", "schema": SCHEMA},
    outputs={"output": "reports/profile"},
    default="table",
    parameters=("data", "seed"),
    formats=formats.PROFILE,
)
