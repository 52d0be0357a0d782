"""Monotonic constraints: by the features' names in `conf/`, by position for the libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.api.component import Field
from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.estimators.feature_types import Columns

Monotonic = dict[str, Literal[1, -1]]

MONOTONIC: Any = Field(
    {},
    description="Numeric features with which the prediction may only rise, {feature: 1}, or only "
    "fall, {feature: -1}; of two classes, the probability of the last one.",
)


def constraints(
    context: Context, monotonic: Monotonic, columns: Columns, *, first: int, width: int, where: str
) -> list[int] | None:
    """Return 1, -1 or 0 for each prepared column; None without constraints.

    Args:
        context: The stage's context.
        monotonic: The option.
        columns: The features by how they are prepared.
        first: The position of the first number among the prepared columns.
        width: How many prepared columns there are.
        where: The file of the option, for errors.

    Raises:
        ConfigurationError: A feature is unknown or no number, or there are more than two classes.
    """
    if not monotonic:
        return None
    if context.data.task == "multiclass":
        raise ConfigurationError(
            "Of several classes, no probability can be kept from falling without another's rising.",
            where=f"{where}: monotonic",
            expected="{}: monotonic constraints are for two classes, or for numbers",
            next_step="correct it there",
        )
    directions = [0] * width
    for name, direction in monotonic.items():
        if name not in columns.numeric:
            known = [
                *columns.numeric,
                *columns.categorical,
                *columns.high_cardinality,
                *columns.text,
            ]
            raise ConfigurationError(
                f"The feature '{name}' is no number, and has no order."
                if name in known
                else f"There is no feature '{name}' with values.{did_you_mean(name, known)}",
                where=f"{where}: monotonic.{name}",
                expected="one of " + ", ".join(columns.numeric),
                next_step="correct it there; `mlops features` lists the features",
            )
        directions[first + columns.numeric.index(name)] = direction
    return directions
