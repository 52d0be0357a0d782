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

CONTRACTS: Final[Mapping[str, Contract]] = {
    Stage(each.CONTRACT.stage): each.CONTRACT
    for each in (
        ingest,
        validate,
        profile,
        split,
        features,
        tune,
        train,
        evaluate,
        explain,
        gate,
        report,
        track,
        register,
        serve,
        monitor,
        retrain,
        notify,
    )
}
"""The built-in stages, in the order they run."""

PIPELINE: Final = tuple(stage for stage in Stage if CONTRACTS[stage].outputs)
"""The built-in stages of the training DAG; the others are jobs."""
