"""What a monitor found in one window."""

from __future__ import annotations

from typing import Literal

from mlops_plugins.api.formats.base import Content, Field


class Section(Content):
    """One part of what was compared."""

    status: str | None = Field(
        None, description="What was found there; retrain/policy acts on `alarm`."
    )


class Skipped(Content):
    """What of the prediction log could not be read, and was left out."""

    records: int = Field(
        description="Lines that are no record, or hold an integer that is too large."
    )
    files: list[str] = Field(description="Files that cannot be read, or not to their end.")


class MonitorReport(Content):
    """The report; the runner adds `created`, the `version` of the model, and `skipped`."""

    status: Literal["ok", "insufficient_data", "drift", "alarm"] = Field(
        description="What was found, for the retraining policy."
    )
    reasons: list[str] | None = Field(None, description="Why, in sentences.")
    data_quality: Section | None = Field(None, description="Whether the values keep the schema.")
    performance: Section | None = Field(None, description="Whether the model is as good as it was.")
    skipped: Skipped | None = Field(
        None, description="What of the prediction log could not be read, and was left out."
    )
