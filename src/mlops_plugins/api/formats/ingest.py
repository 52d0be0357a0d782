"""What ingest leaves beside the table; the runner writes it from the table and its `Source`."""

from __future__ import annotations

from typing import Any

from mlops_plugins.api.formats.base import Content, Field


class Manifest(Content):
    """What was ingested, and where it is from."""

    source: str | None = Field(description="Where the table is from; null if nobody said it.")
    details: dict[str, Any] = Field(description="What else the source says of itself.")
    rows: int = Field(description="Rows of the table.")
    rows_without_target: int | None = Field(
        None, description="Rows that have no target, which are in neither training nor test."
    )
    columns: dict[str, str] = Field(description="The Arrow type of each column.")
    sha256: str = Field(description="The SHA-256 of the Parquet file.")
    time: tuple[str, str] | None = Field(
        description="The first and the last time; null without a time column."
    )
