"""What the stage `tune` found: the trainer it is given, and what its findings do to training."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import parse
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.tune import Trainer, Trial
from mlops_plugins.api.errors import ConfigurationError, ModelError
from mlops_plugins.api.paths import BEST, TRIALS
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.config import params
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Train


def trainer(whole: Mapping[str, Any]) -> Trainer:
    """Return the chosen trainer, for a tuner to make with other options.

    Raises:
        ConfigurationError: Its options are wrong as they are.
    """
    options = params.implementation(whole, Stage.TRAIN)
    section = whole[Stage.TRAIN]
    base = {key: value for key, value in section.items() if key not in ("name", "implementation")}
    return Trainer(
        name=section["name"],
        options=options.model_dump(),
        space=options.search_space(),
        make=partial(_make, section["name"], base),
        identity=section.get("implementation", {}),
    )


def _make(name: str, base: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    return parse(
        plugin_manager().load(Stage.TRAIN, name), merged(base, options), where=f"train: {name}"
    )


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over`, mappings in both merged key by key."""
    made = dict(base)
    for key, value in over.items():
        below = made.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            made[key] = merged(below, value)
        else:
            made[key] = value
    return made


def nested(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options whose names are `option` or `option.key` as a tree."""
    made: dict[str, Any] = {}
    for name, value in options.items():
        for part in reversed(name.split(".")):
            value = {part: value}
        made = merged(made, value)
    return made


def chosen(context: Context, whole: Mapping[str, Any], best: Path) -> Train:
    """Return the chosen trainer with the options that `tune` found.

    Raises:
        ModelError: Nothing was looked for although a tuner is chosen, or for another trainer.
        ConfigurationError: An option that was found is none that this trainer takes.
    """
    made = trainer(whole)
    found = _found(whole, best)
    if found:
        leaves = _leaves(found)
        counted = f"{len(leaves)} tuned option{'s' if len(leaves) > 1 else ''}"
        context.log(f"train/{made.name} with {counted}: {', '.join(leaves)}")
    try:
        return made.make(found)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what,
            where=str(best),
            expected=error.expected,
            next_step="`mlops run tune` searches anew",
        ) from None


def section(root: Path, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of the trainer as it trained, with what was found."""
    return merged(whole[Stage.TRAIN], _found(whole, root / BEST))


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


def _found(whole: Mapping[str, Any], best: Path) -> dict[str, Any]:
    default, name = CONTRACTS[Stage.TUNE].default, whole[Stage.TRAIN]["name"]
    if not best.exists():
        tuner = whole.get(Stage.TUNE, {"name": default})["name"]
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


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    leaves = []
    for key, value in tree.items():
        if isinstance(value, dict):
            leaves += _leaves(value, f"{prefix}{key}.")
        else:
            shown = f"{value:.6g}" if isinstance(value, float) else value
            leaves.append(f"{prefix}{key}={shown}")
    return leaves


def _unreadable(path: Path, error: Exception) -> ModelError:
    return ModelError(
        f"What the tuner wrote cannot be read: {type(error).__name__}: {error}.",
        where=str(path),
        expected="as mlops_plugins.api.contracts.tune.Tune says",
        next_step="`mlops run tune` writes it anew",
    )
