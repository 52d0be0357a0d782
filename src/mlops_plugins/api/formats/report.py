"""What the team says of the model, and what it does not."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Card(Content):
    """What the model card lacks: with a required part missing, no model is promoted."""

    model: str = Field(description="The digest of the model's folder.")
    missing: list[str] = Field(description="The parts that nobody wrote.")
    required: list[str] = Field([], description="The parts that a promotion needs.")
