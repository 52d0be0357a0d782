"""Serve: answer requests with the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Serve(Protocol):
    """Answer requests with the model."""

    def serve(
        self, context: Context, *, model: Path, version: str, log: Path, host: str, port: int
    ) -> None:
        """Serve the folder `model` on `host` and `port` until interrupted.

        `version` is what the answers name; each row and its prediction are appended to the folder
        `log`, as `mlops_plugins.toolkit.PredictionLog` does: `{"row": {...}, "prediction": ...,
        "score": ..., "version": ...}`, in which no column is taken for one of the log's.
        `POST /predict` takes one raw row as a JSON object, and answers
        `{"predictions": [{"prediction": ..., "score": ...}]}`.
        """
        ...

    def request(self, *, host: str, port: int, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one raw row to the service, and return its `prediction` and `score`.

        For a service of another protocol: the conformance suite calls this instead of
        `POST /predict`.
        """
        ...


CONTRACT: Final = Contract(
    stage="serve",
    protocol=Serve,
    optional=frozenset({"request"}),
    formats=formats.SERVE,
)
