"""Doing without: a project that does not track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import files
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.stages import Context, Result


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer what does nothing."""
    yield Implementation(
        stage=Stage.TRACK,
        name="none",
        target="mlops_plugins.plugins.none:NoTracker",
        summary="Track nothing",
    )


class NoTracker(Options):
    """Tracks nothing."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Write that there is no run."""
        files.write_json(output, {"digest": result.digest})
