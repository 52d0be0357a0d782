"""What the team says of the model, and what it does not."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Card(Content):
    """Whether the model card is complete: with a part missing, no model is promoted."""

    model: str = Field(description="The digest of the model's folder.")
    missing: list[str] = Field(description="The required parts that nobody wrote.")
