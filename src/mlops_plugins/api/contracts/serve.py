"""Serve: answer requests with the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Serve(Protocol):
    """Answer requests with the model."""

    def serve(
        self, context: Context, *, model: Path, version: str, log: Path, host: str, port: int
    ) -> None:
        """Serve the folder `model` on `host` and `port` until interrupted.

        `version` is what the answers name; requests and responses are appended to the folder `log`.
        """
        ...


CONTRACT: Final = Contract(
    stage="serve",
    protocol=Serve,
    formats=formats.SERVE,
)
