"""As what the model was registered."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Registration(Content):
    """The model and its alias, which are the same in every registry."""

    digest: str = Field(description="The digest of the model's folder.")
    alias: str | None = Field(description="The alias that it got; null if it was blocked.")
