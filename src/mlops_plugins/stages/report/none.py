"""Report nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.artifacts import card as cards
from mlops_plugins.artifacts import files
from mlops_plugins.stages.report.options import CardOptions

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class NoReport(CardOptions):
    """Writes no page; only what the team's card lacks, which a promotion may need."""

    def report(
        self, context: Context, *, model: Path, card: Path, output: Path, **_: object
    ) -> None:
        """Write `card.json` alone."""
        self.write_card(cards.read(card), files.digest(model), output)
