"""What a search found."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from mlops_plugins.api.formats.base import Content, Field, Number


class Best(Content):
    """The options with which the trainer trains."""

    train: str = Field(description="The trainer's name in `conf/`.")
    options: dict[str, Any] = Field(description="The options that were found, by name.")


class Trial(Content):
    """A `mlops_plugins.api.contracts.tune.Trial`, and nothing more."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(description="From 0, in the order of the search.")
    state: Literal["complete", "pruned", "failed"] = Field(description="How it ended.")
    options: dict[str, Any] = Field(
        description="What was tried; a key of an option as `option.key`."
    )
    value: Number = Field(None, description="The mean of `folds`; null if it failed.")
    folds: list[float] = Field(description="The metric on each fold that was scored.")
    reason: str = Field("", description="Why it failed.")


class Trials(Content):
    """Every set of options that was tried."""

    metric: str = Field(description="The metric, of which more is better.")
    trials: list[Trial] = Field(description="The trials, for the tracker and the report.")
