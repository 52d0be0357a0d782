"""Whether the model may be promoted."""

from __future__ import annotations

from typing import Any, Literal

from mlops_plugins.api.formats.base import Content, Field


class Check(Content):
    """One thing that the gate looked at, for `mlops gate` and the report."""

    name: str = Field(description="What was looked at.")
    outcome: str = Field(description="What follows: pass, keep or block.")
    reason: str = Field(description="Why, in words.")
    numbers: dict[str, Any] = Field(
        {}, description="What it was decided by: `value`, `low`, `high`, `limit`."
    )


class Verdict(Content):
    """The gate's decision on one model."""

    decision: Literal["promote", "keep", "block"] = Field(
        description="To promote the model, keep the champion, or block the model."
    )
    reasons: list[str] = Field(min_length=1, description="Why, in sentences.")
    model: str = Field(description="The digest of the model's folder, which the registry compares.")
    champion: str | None = Field(
        description="The version that it was compared with; null if there was none."
    )
    checks: list[Check] = Field([], description="Everything that was looked at.")
