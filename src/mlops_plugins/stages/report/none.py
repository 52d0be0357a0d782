"""Report nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts import card as cards
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class NoReport(Component):
    """Writes no page; only whether the team's card is complete, which a promotion needs."""

    def report(
        self, context: Context, *, model: Path, card: Path, output: Path, **_: object
    ) -> None:
        """Write `card.json` alone."""
        missing = cards.read(card).missing
        files.write_json(output / "card.json", {"model": files.digest(model), "missing": missing})
