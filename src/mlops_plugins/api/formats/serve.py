"""The prediction log: one JSON object a line, for each row that was predicted."""

from __future__ import annotations

from typing import Any

from mlops_plugins.api.formats.base import Content, Field


class Prediction(Content):
    """The raw row as it came, and what was predicted.

    The former layout, in which the row's columns stand beside the others, is read too.
    """

    row: dict[str, Any] | None = Field(None, description="The raw row, its id included.")
    prediction: Any = Field(description="The class, or the number.")
    score: float = Field(description="The score, as in `predictions.parquet`.")
    version: str = Field(
        description="The version that predicted; the monitor reads only the champion's."
    )
    time_of_prediction: str | None = Field(None, description="When, in UTC, as ISO 8601.")
