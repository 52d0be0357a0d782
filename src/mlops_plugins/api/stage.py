"""The names of the stages, and what a contract says of one: its interface, its inputs, its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stage(StrEnum):
    """The steps of the lifecycle, in the order they run."""

    INGEST = "ingest"
    VALIDATE = "validate"
    PROFILE = "profile"
    SPLIT = "split"
    FEATURES = "features"
    TUNE = "tune"
    TRAIN = "train"
    EVALUATE = "evaluate"
    EXPLAIN = "explain"
    GATE = "gate"
    REPORT = "report"
    TRACK = "track"
    REGISTER = "register"
    SERVE = "serve"
    MONITOR = "monitor"
    RETRAIN = "retrain"
    NOTIFY = "notify"


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A stage's Protocol, and where in a project its files are.

    `inputs` and `outputs` map the method's parameters to paths below the project; `kept` outputs
    are the team's too, and are changed in place. `added` are parameters that this minor version
    added: an implementation for the previous one is called without them. `optional` are methods that
    an implementation may do without. `newer` are inputs that may be missing, as a project's `dvc.yaml`
    may be older than the stage that writes them. `default` is what runs in a project whose
    `conf/config.yaml` is older than the stage and does not name it.
    """

    protocol: type[Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    newer: frozenset[str] = frozenset()
    default: str | None = None
