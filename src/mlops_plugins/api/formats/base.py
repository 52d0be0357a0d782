"""What all formats share: further keys are allowed, and a number may be null."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel

__all__ = ["Collection", "Content", "Field", "Interval", "Number"]

Number = float | None
"""A number; null where it is not defined."""

Items = TypeVar("Items")


class Content(BaseModel):
    """The content of a file: the keys that readers rely on, and any others."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class Collection(RootModel[Items], Generic[Items]):
    """The content of a file that is a list, or an object whose keys are names."""

    model_config = ConfigDict(strict=True, frozen=True)


class Interval(Content):
    """A number and its 95 % interval."""

    value: Number = Field(description="The number.")
    low: Number = Field(description="Where its 95 % interval begins.")
    high: Number = Field(description="Where its 95 % interval ends.")
