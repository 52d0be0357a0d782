"""Tables of which the project decides the columns."""

from __future__ import annotations

from mlops_plugins.api.formats.base import Content


class Rows(Content):
    """A Parquet table of the project's own columns."""
