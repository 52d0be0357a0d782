"""The names of the stages, and what a contract says of one: its interface, its inputs, its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.formats import FileFormat


class Stage(StrEnum):
    """The built-in steps of the lifecycle, in the order they run; plugins add others by their names."""

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


NONE = "none"
"""The name of the implementation by which a project does without an optional stage."""


def named(stage: str) -> str:
    """Return a built-in stage as the `Stage` that it is, another stage as its name.

    Plugins compare with `is Stage.TRAIN`.
    """
    return Stage(stage) if stage in set(Stage) else stage


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a stage is: its interface, its files, and its place in the pipeline.

    Paths are below the project's folder, by the parameter of the method that is given them.

    Attributes:
        stage: Its name, as in `conf/`; its implementations have a method of this name.
        protocol: The interface of its implementations; None for one method that takes the context,
            and by name each input, output, kept file and need.
        inputs: What it reads.
        outputs: What it writes. A stage that writes nothing is a job outside the pipeline.
        kept: What it changes in place, as the team owns it too.
        after: The stage that it follows, for one that a plugin adds to the pipeline.
        replaces: By output, the path in whose place later stages read that output.
        parameters: Settings and sections of `params.yaml` on which its results depend beside its own.
        needs: What the method is given beside files: `trainer`, `champion`, `parameters`, `result`
            or `lineage`.
        reads: Paths on which its results depend beside its inputs.
        keys: By JSON file, the keys on which its results depend.
        wrapper: `module:function` that runs the implementation where more is written than its own.
        metrics: Outputs that `dvc metrics` shows.
        committed: Outputs that are kept in git, not in DVC's cache.
        external: It writes to a system that is not DVC's: its outputs are never restored.
        note: What a reader of `dvc.yaml` should know of it.
        added: Parameters that this minor version added: an implementation for the previous one is
            called without them.
        optional: Methods that an implementation may do without.
        may_miss: Inputs that may be missing: `dvc.yaml` may leave out, or be older than, their stage.
        default: What runs in a project whose `conf/config.yaml` is older than this package's stage. A
            stage that a plugin adds takes part where `conf/` names it, and nowhere else.
        formats: The files of its outputs that others read, each with the model of its content.
    """

    stage: str
    protocol: type[Any] | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    replaces: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wrapper: str = ""
    metrics: frozenset[str] = frozenset()
    committed: frozenset[str] = frozenset()
    external: bool = False
    note: str = ""
    added: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    may_miss: frozenset[str] = frozenset()
    default: str | None = None
    formats: tuple[FileFormat, ...] = ()
