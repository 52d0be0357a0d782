"""What a team's card must say before a model is promoted: an option of every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import field_validator

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import did_you_mean
from mlops_plugins.artifacts import card as cards
from mlops_plugins.artifacts import files

if TYPE_CHECKING:
    from pathlib import Path


class CardOptions(Component):
    """The base of reports: what the card lacks, and what of it a promotion needs."""

    required: list[str] = Field(
        [],
        description="Parts of card.yaml without which no model is promoted, such as "
        "[model.intended_use, data.origin]; without any, a page that lacks them says so.",
    )

    @field_validator("required")
    @classmethod
    def _known(cls, required: list[str]) -> list[str]:
        for name in required:
            if name not in cards.NAMES:
                listed = ", ".join(cards.NAMES)
                raise ValueError(
                    f"the card has no part '{name}', only {listed}.{did_you_mean(name, cards.NAMES)}"
                )
        return required

    def write_card(self, card: cards.Card, digest: str, output: Path) -> None:
        """Write `card.json` for the stages that follow: the model's digest, and what is missing."""
        content = {
            "model": digest,
            "missing": card.missing(self.required),
            "required": self.required,
        }
        files.write_json(output / "card.json", content)
