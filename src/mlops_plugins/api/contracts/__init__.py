"""One file a stage: its interface, what passes through it, and where its files are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_plugins.api.contracts import (
    evaluate,
    explain,
    features,
    gate,
    ingest,
    monitor,
    notify,
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
from mlops_plugins.api.stage import Contract, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS: Final[Mapping[Stage, Contract]] = {
    Stage.INGEST: ingest.CONTRACT,
    Stage.VALIDATE: validate.CONTRACT,
    Stage.PROFILE: profile.CONTRACT,
    Stage.SPLIT: split.CONTRACT,
    Stage.FEATURES: features.CONTRACT,
    Stage.TUNE: tune.CONTRACT,
    Stage.TRAIN: train.CONTRACT,
    Stage.EVALUATE: evaluate.CONTRACT,
    Stage.EXPLAIN: explain.CONTRACT,
    Stage.GATE: gate.CONTRACT,
    Stage.REPORT: report.CONTRACT,
    Stage.TRACK: track.CONTRACT,
    Stage.REGISTER: register.CONTRACT,
    Stage.SERVE: serve.CONTRACT,
    Stage.MONITOR: monitor.CONTRACT,
    Stage.RETRAIN: retrain.CONTRACT,
    Stage.NOTIFY: notify.CONTRACT,
}

PIPELINE: Final = tuple(stage for stage in Stage if CONTRACTS[stage].outputs)
"""The stages of the training DAG; the others are jobs."""
