"""What validate found in the table."""

from __future__ import annotations

from typing import Any

from mlops_plugins.api.formats.base import Content, Field, Number


class Example(Content):
    """One of the rows that a finding is about."""

    row: int = Field(description="Its number, of which the first is 1.")
    value: Any = Field(None, description="The value there.")


class Finding(Content):
    """One way in which the table is not as it should be."""

    what: str = Field(description="What is wrong, in a sentence.")
    severity: str | None = Field(None, description="error or warning.")
    rule: str | None = Field(None, description="What was broken, in one word.")
    column: str | None = Field(None, description="The column, if it is about one.")
    count: int | None = Field(None, description="Rows that it is about.")
    share: Number = Field(None, description="The share of these rows.")
    examples: list[Example] = Field([], description="Some of these rows.")
    next: str | None = Field(None, description="What to change.")


class Validation(Content):
    """The findings on the table that was accepted."""

    rows: int | None = Field(None, description="Rows of the table.")
    findings: list[Finding] = Field([], description="What the report and the data sheet list.")
