"""What the model's predictions depend on."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field, Number


class ColumnImportance(Content):
    """How much a raw column matters."""

    column: str = Field(description="The raw column.")
    importance: Number = Field(
        None, description="How much it matters; without it the report shows no importance."
    )
    low: Number = Field(None, description="Where the 95 % interval begins.")
    high: Number = Field(None, description="Where the 95 % interval ends.")
    holds_zero: bool = Field(False, description="Whether the column may not matter at all.")


class Importance(Content):
    """The raw columns, the most important first."""

    measure: str = Field("importance", description="What the importance is, and its unit.")
    columns: list[ColumnImportance] = Field(description="The columns, for the report.")
    possible_leak: str | None = Field(
        None, description="Which column carries the model alone, in words; null if none does."
    )


class ImportanceTable(Content):
    """The same for DVC to plot; the raw columns are in the first column."""

    column: str = Field(description="The raw column.")
    importance: Number = Field(description="How much it matters.")
