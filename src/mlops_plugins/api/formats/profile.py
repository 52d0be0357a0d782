"""The numbers of a profile."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Column(Content):
    """What a column holds."""

    name: str = Field(description="The column.")
    role: str = Field("", description="feature, target, id, time or weight.")
    missing_share: float = Field(0.0, description="Its share of nulls.")
    distinct: int = Field(0, description="How many values it has.")


class Profile(Content):
    """A profile of the table; each implementation has numbers of its own beside these."""

    columns: list[Column] = Field([], description="What the data sheet says of each column.")
    notes: list[str] = Field([], description="What the report and the data sheet point out.")
