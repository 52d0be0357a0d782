"""What the stage `tune` found: the trainer it is given, and what its findings do to training."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from mlops_plugins.api.component import parse
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.tune import Trainer, Trial
from mlops_plugins.api.errors import ConfigurationError, ModelError
from mlops_plugins.api.paths import BEST, TRIALS
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.config.option_tree import leaves, merged
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Train
    from mlops_plugins.config.params import Params


def trainer(params: Params) -> Trainer:
    """Return the chosen trainer, for a tuner to make with other options.

    Raises:
        ConfigurationError: Its options are wrong as they are.
    """
    made, section = params.component(Stage.TRAIN), params.section(Stage.TRAIN)
    return Trainer(
        name=section.name,
        options=made.model_dump(),
        space=made.search_space(),
        make=partial(_make, section.name, dict(section.options)),
        identity=section.fingerprint,
    )


def _make(name: str, base: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    kind = plugin_manager().load(Stage.TRAIN, name)
    return parse(kind, merged(base, options), where=f"train: {name}")


def tuned(context: Context, params: Params, best: Path) -> Train:
    """Return the chosen trainer with the options that `tune` found.

    Raises:
        ModelError: A tuner is chosen and has not run, or it ran for another trainer.
        ConfigurationError: An option that it wrote is none that this trainer takes.
    """
    found = _found(params, best)
    if not found:
        return cast("Train", params.component(Stage.TRAIN))
    made = trainer(params)
    shown = [f"{name}={_shown(value)}" for name, value in leaves(found)]
    counted = f"{len(shown)} tuned option{'s' if len(shown) > 1 else ''}"
    context.log(f"train/{made.name} with {counted}: {', '.join(shown)}")
    try:
        return made.make(found)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what,
            where=str(best),
            expected=error.expected,
            next_step="`mlops run tune` searches again",
        ) from None


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def section(root: Path, params: Params) -> dict[str, Any]:
    """Return the section of the trainer as it trained: with the options that `tune` found."""
    return merged(params.as_dict()[Stage.TRAIN], _found(params, root / BEST))


def trials(root: Path) -> tuple[str, tuple[Trial, ...]]:
    """Return the metric and the trials of the search; nothing if there was none.

    Raises:
        ModelError: What the tuner wrote is no list of trials.
    """
    path = root / TRIALS
    if not path.exists():
        return "", ()
    try:
        written = files.read_json(path)
        read = (Trial(**{**each, "folds": tuple(each["folds"])}) for each in written["trials"])
        return str(written["metric"]), tuple(read)
    except (ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, error) from None


def _found(params: Params, best: Path) -> dict[str, Any]:
    default, name = CONTRACTS[Stage.TUNE].default, params.section(Stage.TRAIN).name
    if not best.exists():
        tuner = params.section(Stage.TUNE).name if params.has(Stage.TUNE) else default
        if tuner == default:
            return {}
        raise ModelError(
            f"tune/{tuner} is chosen, and has not run.",
            where=str(best),
            next_step="dvc repro; if dvc.yaml has no stage `tune`, first: copier update",
        )
    try:
        written = files.read_json(best)
        made_for, options = written["train"], dict(written["options"])
    except (ValueError, TypeError, KeyError) as error:
        raise _unreadable(best, error) from None
    if options and made_for != name:
        raise ModelError(
            f"The options that were found are for train/{made_for}, and train/{name} is chosen.",
            where=str(best),
            expected=f"train: {name}",
            next_step="dvc repro, or `mlops run tune`",
        )
    return options


def _unreadable(path: Path, error: Exception) -> ModelError:
    return ModelError(
        f"What the tuner wrote cannot be read: {type(error).__name__}: {error}.",
        where=str(path),
        expected="as mlops_plugins.api.contracts.tune.Tune says",
        next_step="`mlops run tune` writes it again",
    )
