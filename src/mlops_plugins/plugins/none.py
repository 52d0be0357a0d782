"""Doing without: a project that neither tunes nor tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import files
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlops_plugins.stages import Context, Result, Trainer


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer what does nothing."""
    yield Implementation(
        stage=Stage.TUNE,
        name="none",
        target="mlops_plugins.plugins.none:NoTuner",
        summary="Tune nothing: the trainer's options are those of conf/",
    )
    yield Implementation(
        stage=Stage.TRACK,
        name="none",
        target="mlops_plugins.plugins.none:NoTracker",
        summary="Track nothing",
    )


class NoTuner(Options):
    """Looks for nothing."""

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Write that no option was found."""
        files.write_json(output / "best.json", {"train": trainer.name, "options": {}})


class NoTracker(Options):
    """Tracks nothing."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Write that there is no run."""
        files.write_json(output, {"digest": result.digest})
