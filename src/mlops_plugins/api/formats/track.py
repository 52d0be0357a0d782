"""Which result was recorded."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content, Field


class Run(Content):
    """The result, which is the same in every tracker."""

    digest: str = Field(description="The result's digest, which the registry keeps.")
