"""Tune nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.tune import Trainer


class NoTuner(Component):
    """Tunes nothing."""

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Write that no option is tuned."""
        files.write_json(output / "best.json", {"train": trainer.name, "options": {}})
