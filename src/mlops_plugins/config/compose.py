"""Composing `params.yaml` from `conf/`: the only module that imports Hydra."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import defaults, to_yaml
from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts.files import write_text
from mlops_plugins.config import conf_files, json_schema
from mlops_plugins.config import params as parameters
from mlops_plugins.config.fingerprint import identity
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.observers import required

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Tree = dict[str, Any]

HEADER = """\
# Composed from conf/ by `mlops compose` (a stage of `dvc repro`): change conf/, not this file.
"""
BOOKKEEPING = ("implementation", "overrides")
"""Keys that compose adds to what Hydra composed."""


@dataclass(frozen=True)
class Override:
    """A value of an experiment (`-S`) that `conf/` does not have, as `key` and `value`."""

    key: str
    value: Any

    def __str__(self) -> str:
        value = self.value
        bare = isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum()
        return f"{self.key}={value if bare else json.dumps(value, ensure_ascii=False)}"


def compose(root: Path, *, in_experiment: bool) -> None:
    """Write `params.yaml`: from `conf/`, or, in a DVC experiment, from what DVC composed.

    In an experiment DVC has composed `conf/` with the user's overrides already: the file is
    checked, stamped, and remembers those overrides. Outside one, overrides that an applied
    experiment left are never dropped silently.

    Raises:
        ConfigurationError: `conf/` is wrong, or overrides would be lost.
    """
    previous = parameters.read(root, check=False) if (root / parameters.FILE).exists() else {}
    if in_experiment and previous:
        composed = _completed(_without_bookkeeping(previous))
        try:
            check(root, composed)
        except ConfigurationError as error:
            error.where += ", or -S of this experiment"
            raise
        _write(root, composed, _differences(root, composed))
        return
    fresh = from_conf(root)
    check(root, fresh)
    left = [kept for kept in remembered(previous) if _get(fresh, kept) != kept.value]
    if left:
        raise ConfigurationError(
            "params.yaml holds values of an experiment that conf/ does not have: "
            + ", ".join(map(str, left))
            + ".",
            where="params.yaml: overrides",
            next_step="`mlops compose --keep` writes them into conf/, "
            "`mlops compose --discard` drops them; then `dvc repro`",
        )
    _write(root, fresh, [])


def keep(root: Path) -> list[Override]:
    """Write an experiment's values into `conf/`, compose, and return them."""
    kept = remembered(parameters.read(root, check=False))
    for override in kept:
        _write_into_conf(root, override)
    discard(root)
    return kept


def discard(root: Path) -> list[Override]:
    """Compose from `conf/` alone and return the experiment's values that this drops."""
    dropped = remembered(parameters.read(root, check=False))
    fresh = from_conf(root)
    check(root, fresh)
    _write(root, fresh, [])
    return dropped


def is_current(root: Path) -> bool:
    """Return whether `params.yaml` is what `conf/` composes to."""
    fresh = from_conf(root)
    check(root, fresh)
    path = root / parameters.FILE
    return path.exists() and _text(root, fresh, []) == path.read_text(encoding="utf-8")


def check(root: Path, composed: Mapping[str, Any]) -> None:
    """Validate every key: the settings, and each stage's options by its implementation's schema.

    Raises:
        ConfigurationError: The first thing that is wrong, with its file, key and what belongs there.
    """
    parameters.check_settings(composed, where=conf_files.MAIN)
    required(composed)
    choices = conf_files.choices(root)
    for stage in Stage:
        section = composed.get(stage)
        named = isinstance(section, dict) and "name" in section
        names = f"NAME one of {', '.join(plugin_manager().names(stage))}"
        where = _place(root, stage, choices)
        if not named and stage in choices:
            raise ConfigurationError(
                f"The options of the stage '{stage}' have no name.",
                where=where,
                expected=f"a line 'name: NAME', {names}",
                next_step="add the line",
            )
        if not named:
            raise ConfigurationError(
                f"No implementation is chosen for the stage '{stage}'.",
                where=f"{conf_files.MAIN}: defaults",
                expected=f"a line '- {stage}: NAME', {names}",
                next_step="add the line",
            )
        parameters.implementation(composed, stage, where=where)


def _place(root: Path, stage: Stage, choices: Mapping[str, str]) -> str:
    """Return the file in which a user would change this stage's options."""
    file = conf_files.options_file(root, stage, choices.get(stage, ""))
    return str(file.relative_to(root)) if file.exists() else f"{conf_files.MAIN}: {stage}"


def from_conf(root: Path, overrides: Sequence[str] = ()) -> Tree:
    """Return what `conf/` composes to, with Hydra's overrides on top.

    Raises:
        ConfigurationError: It cannot be composed.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    choices = conf_files.choices(root)
    for stage, choice in choices.items():
        if (file := conf_files.options_file(root, stage, choice)).exists():
            conf_files.load(file)  # Hydra would stop at what is no YAML with an error of its own
    try:
        with initialize_config_dir(str(root / conf_files.FOLDER), version_base=None):
            composed = hydra_compose("config", overrides=list(overrides))
        OmegaConf.resolve(composed)
    except MissingConfigException as error:
        raise _unknown_choice(root, choices, error) from None
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(
            "conf/ cannot be composed: " + " ".join(str(error).split()),
            where=f"{conf_files.FOLDER}/",
            next_step="correct the file that the message names",
        ) from None
    plain = OmegaConf.to_container(composed)
    assert isinstance(plain, dict)  # noqa: S101  a config with a defaults list is a mapping
    return _completed({str(key): value for key, value in plain.items()})


def _completed(composed: Tree) -> Tree:
    """Add each stage that is newer than the project's `conf/`, with its defaults.

    The parts of a template's update that are in `conf/` never reach a project: it is the team's.
    """
    missing = {
        stage: contract.default
        for stage, contract in CONTRACTS.items()
        if contract.default and stage not in composed
    }
    return composed | {
        stage.value: {"name": name, **defaults(plugin_manager().load(stage, name))}
        for stage, name in missing.items()
    }


def _unknown_choice(root: Path, choices: Mapping[str, str], error: Exception) -> ConfigurationError:
    for stage in Stage:
        choice = choices.get(stage)
        if choice and not conf_files.options_file(root, stage, choice).exists():
            try:
                plugin_manager().find(stage, choice)
            except ConfigurationError as unknown:
                unknown.where = f"{conf_files.MAIN}: defaults: {stage}: {choice}"
                return unknown
    for group, choice in choices.items():
        if group not in set(Stage) and not (root / conf_files.FOLDER / group).is_dir():
            return ConfigurationError(
                f"There is no stage '{group}'.{did_you_mean(group, Stage)}",
                where=f"{conf_files.MAIN}: defaults: {group}: {choice}",
                expected="one of " + ", ".join(Stage),
                next_step="correct the line there",
            )
    return ConfigurationError(
        f"conf/ cannot be composed: {' '.join(str(error).split())}",
        where=f"{conf_files.MAIN}: defaults",
        next_step="correct the defaults list",
    )


def _differences(root: Path, composed: Tree) -> list[Override]:
    """Return what `composed` has and `conf/` alone does not: chosen implementations, then values."""
    base = from_conf(root)
    choices = [
        Override(stage.value, composed[stage]["name"])
        for stage in Stage
        if composed[stage]["name"] != base[stage]["name"]
    ]
    if choices:
        base = from_conf(root, [str(choice) for choice in choices])
    values = [
        Override(key, value)
        for key, value in _leaves(composed)
        if _get(base, Override(key, None), absent=...) != value
    ]
    return choices + values


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _get(tree: Mapping[str, Any], override: Override, absent: Any = None) -> Any:
    node: Any = tree
    for key in override.key.split("."):
        if not isinstance(node, dict) or key not in node:
            return absent
        node = node[key]
    is_choice = override.key in set(Stage) and isinstance(node, dict)
    return node["name"] if is_choice else node


def remembered(previous: Mapping[str, Any]) -> list[Override]:
    """Return the overrides of an applied experiment that `params.yaml` holds."""
    return [Override(key, value) for key, value in (previous.get("overrides") or {}).items()]


def _without_bookkeeping(tree: Mapping[str, Any]) -> Tree:
    return {
        key: {k: v for k, v in value.items() if k not in BOOKKEEPING}
        if isinstance(value, dict)
        else value
        for key, value in tree.items()
        if key not in BOOKKEEPING
    }


def _write(root: Path, composed: Tree, overrides: list[Override]) -> None:
    json_schema.write(root, {stage: composed[stage]["name"] for stage in Stage})
    write_text(root / parameters.FILE, _text(root, composed, overrides))


def _text(root: Path, composed: Tree, overrides: list[Override]) -> str:
    """Return the file's text, each stage of the pipeline stamped with its implementation's identity."""
    stamped: Tree = {}
    for key, value in composed.items():
        if key in PIPELINE:
            offer = plugin_manager().find(Stage(key), value["name"])
            options = parameters.implementation(composed, Stage(key))
            made = identity(offer.implementation, options, root)
            stamped[key] = {**value, "implementation": made}
        else:
            stamped[key] = value
    if overrides:
        stamped["overrides"] = {override.key: override.value for override in overrides}
    return HEADER + conf_files.dump(stamped)


def _write_into_conf(root: Path, override: Override) -> None:
    """Write one value to the file in `conf/` that owns it, keeping comments and order."""
    head, _, rest = override.key.partition(".")
    if head not in set(Stage):
        conf_files.set_value(root / conf_files.MAIN, override.key, override.value)
        return
    if not rest:
        conf_files.choose(root, head, override.value)
        return
    choice = conf_files.choices(root)[head]
    file = conf_files.options_file(root, head, choice)
    if not file.exists():
        offer = plugin_manager().find(Stage(head), choice)
        target = plugin_manager().load(Stage(head), choice)
        write_text(file, to_yaml(head, choice, target, offer.implementation.summary))
    conf_files.set_value(file, rest, override.value)
