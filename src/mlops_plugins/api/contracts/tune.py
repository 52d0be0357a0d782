"""Tune: search for the trainer's best options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import TUNING
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Train


class Tune(Protocol):
    """Look for the trainer's best options."""

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Write `best.json` into the folder `output`: `train`, the `trainer`'s name, and `options`.

        These are only the options that were found; those of `conf/` hold for the others. Where
        several were tried, `trials.json` holds them: the `metric`, of which more is better, and
        `trials`, each with the fields of a `Trial`. The rows that judge the model are not looked at:
        trials are scored on parts of the training rows, as `mlops_plugins.artifacts.folds.read` gives them.

        Raises:
            ConfigurationError: An option that is to be searched is none of the trainer's.
            ModelError: No trial ended without an error.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The chosen trainer, as a tuner makes it; it can be sent to another process.

    Attributes:
        name: Its name in `conf/`.
        options: Its options as `conf/` has them, those left out there with their defaults.
        space: Which of them it suggests to search, as its `Component.search_space` says.
        make: Returns it with these options over those of `conf/`; `{"a": {"b": 1}}` changes
            one key of the option `a`. Raises a ConfigurationError if one is unknown or wrong.
        identity: What its results depend on beside its options, as `mlops compose` stamps it.
    """

    name: str
    options: Mapping[str, Any]
    space: Mapping[str, Mapping[str, Any]]
    make: Callable[[Mapping[str, Any]], Train]
    identity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set of options that a tuner tried.

    Attributes:
        number: From 0, in the order of the search.
        state: `complete`, `pruned` (stopped before its last fold) or `failed`.
        options: What was tried, by the option's name; a key of an option as `option.key`.
        value: The mean of `folds`, or None if it failed.
        folds: The metric on each fold that was scored.
        reason: Why it failed.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    options: Mapping[str, Any]
    value: float | None = None
    folds: tuple[float, ...] = ()
    reason: str = ""


CONTRACT: Final = Contract(
    stage="tune",
    protocol=Tune,
    inputs={"features": "data/features", "splits": "data/splits"},
    outputs={"output": TUNING},
    default="none",
    parameters=("train", "data", "seed", "threads"),
    needs=("trainer",),
    formats=formats.TUNE,
)
