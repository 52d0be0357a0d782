"""What is checked of each stage, one file a stage: its contract as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.stage import NONE, Stage
from mlops_plugins.testing.contracts import (
    evaluate,
    explain,
    features,
    gate,
    general,
    ingest,
    monitor,
    notify,
    pipeline,
    profile,
    register,
    report,
    retrain,
    serve,
    split,
    track,
    train,
    tune,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.testing.subject import Run

OF_STAGE: Mapping[str, Mapping[str, Run]] = {
    Stage.INGEST: ingest.CHECKS,
    Stage.VALIDATE: validate.CHECKS,
    Stage.PROFILE: profile.CHECKS,
    Stage.SPLIT: split.CHECKS,
    Stage.FEATURES: features.CHECKS,
    Stage.TUNE: tune.CHECKS,
    Stage.TRAIN: train.CHECKS,
    Stage.EVALUATE: evaluate.CHECKS,
    Stage.EXPLAIN: explain.CHECKS,
    Stage.GATE: gate.CHECKS,
    Stage.REPORT: report.CHECKS,
    Stage.TRACK: track.CHECKS,
    Stage.REGISTER: register.CHECKS,
    Stage.SERVE: serve.CHECKS,
    Stage.MONITOR: monitor.CHECKS,
    Stage.RETRAIN: retrain.CHECKS,
    Stage.NOTIFY: notify.CHECKS,
}
"""Each stage's own checks; the name completes a sentence that begins with the implementation's."""


def of(stage: str, name: str) -> Mapping[str, Run]:
    """Return all checks of an implementation of a stage.

    One that does nothing, and one of a stage that a plugin adds, are held to what is said of every
    stage.
    """
    if name == NONE or stage not in OF_STAGE:
        return {**general.CHECKS, **pipeline.checks(pipeline.keeps_formats)}
    return {**general.CHECKS, **OF_STAGE[stage]}
