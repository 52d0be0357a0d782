"""What is searched as Optuna takes it, each bound and choice checked by the trainer's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from mlops_plugins.api.component import Component, Field, parse
from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.config.option_tree import nested
from mlops_plugins.stages.tune.space import FILE, Dimension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.contracts.tune import Trainer


class _Suggested(Component):
    space: dict[str, Dimension] = Field({}, description="Each option's bounds or choices.")


def distributions(space: Mapping[str, Dimension], trainer: Trainer) -> dict[str, BaseDistribution]:
    """Return what is searched by option; what the trainer suggests if `space` is empty.

    Raises:
        ConfigurationError: An option is none of the trainer's, or a bound or choice is none that it
            takes; or there is nothing to search.
    """
    where = f"{FILE}: space"
    if not space:
        where = f"search_space of train/{trainer.name}"
        space = parse(_Suggested, {"space": dict(trainer.space)}, where=where).space
    if not space:
        raise ConfigurationError(
            f"train/{trainer.name} suggests no options to search.",
            where=f"{FILE}: space: {{}}",
            expected="for each option `{low: 0.01, high: 0.3, log: true}` or `{choices: [a, b]}`",
            next_step=f"name some there: `mlops plugins show train/{trainer.name}` lists its options",
        )
    return {
        name: _distribution(name, dimension, trainer, f"{where}.{name}")
        for name, dimension in space.items()
    }


def _distribution(
    name: str, dimension: Dimension, trainer: Trainer, where: str
) -> BaseDistribution:
    if dimension.choices is not None:
        for choice in dimension.choices:
            _require(name, choice, trainer, where)
        return CategoricalDistribution(dimension.choices)
    low, high = dimension.low, dimension.high
    assert low is not None  # noqa: S101  what has no choices has both bounds
    assert high is not None  # noqa: S101
    for bound in (low, high):
        _require(name, bound, trainer, where)
    if isinstance(low, int) and isinstance(high, int) and _takes_whole_numbers(name, low, trainer):
        return IntDistribution(low, high, log=dimension.log)
    return FloatDistribution(low, high, log=dimension.log)


def _require(name: str, value: Any, trainer: Trainer, where: str) -> None:
    try:
        trainer.make(nested({name: value}))
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what,
            where=f"{where} (of train/{trainer.name})",
            expected=error.expected,
            next_step="correct it there",
        ) from None


def _takes_whole_numbers(name: str, low: int, trainer: Trainer) -> bool:
    """Return whether an option takes only whole numbers; a key of an option says it by its bounds."""
    if "." in name:
        return True
    try:
        trainer.make({name: low + 0.5})
    except ConfigurationError:
        return True
    return False
