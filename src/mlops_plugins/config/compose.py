"""Composing `params.yaml` from `conf/`: the only module that imports Hydra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import defaults, with_present_names
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.artifacts.files import update_text
from mlops_plugins.config import conf_files, json_schema, overrides, params
from mlops_plugins.config.fingerprint import fingerprint
from mlops_plugins.config.overrides import Override, get, remembered, write_into_conf
from mlops_plugins.config.params import Params
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Tree = dict[str, Any]

HEADER = """\
# Composed from conf/ by `mlops compose` (a stage of `dvc repro`): change conf/, not this file.
"""
BOOKKEEPING = (params.STAMP, params.OVERRIDES)
"""Keys that compose adds to what Hydra composed."""


def _unheard(text: str) -> None:
    """Log nothing."""


def compose(
    root: Path,
    *,
    in_experiment: bool,
    in_repro: bool = False,
    log: Callable[[str], None] = _unheard,
) -> None:
    """Write `params.yaml`: from `conf/`, or, in a DVC experiment, from what DVC composed.

    In an experiment DVC has composed `conf/` with the user's overrides already: the file is
    checked, stamped, and remembers those overrides. Outside one, overrides that an applied
    experiment left are never dropped silently.

    Args:
        root: The project's folder.
        in_experiment: DVC runs an experiment.
        in_repro: DVC runs the pipeline. Then an applied experiment goes on as long as `conf/` is as
            it was: its parameters are stamped again.
        log: Prints a line.

    Raises:
        ConfigurationError: `conf/` is wrong, or overrides would be lost.
    """
    previous = params.read_tree(root) if (root / params.FILE).exists() else {}
    if in_experiment and previous:
        composed = _completed(_without_bookkeeping(previous), log)
        try:
            checked = check(root, composed)
        except ConfigurationError as error:
            error.where += ", or -S of this experiment"
            raise
        _write(root, composed, checked, _differences(root, composed))
        return
    composed = from_conf(root, log=log)
    checked = check(root, composed)
    left = [kept for kept in remembered(previous) if get(composed, kept) != kept.value]
    if left and in_repro and _differences(root, applied := _without_bookkeeping(previous)) == left:
        _write(root, applied, check(root, applied), left)
        return
    if left:
        raise ConfigurationError(
            "params.yaml holds values of an experiment that conf/ does not have: "
            + ", ".join(map(str, left))
            + ".",
            where="params.yaml: overrides",
            next_step="`mlops compose --keep` writes them into conf/, "
            "`mlops compose --discard` drops them; then `dvc repro`",
        )
    _write(root, composed, checked, [])


def keep(root: Path) -> list[Override]:
    """Write an experiment's values into `conf/`, compose, and return them."""
    kept = remembered(params.read_tree(root))
    for override in kept:
        write_into_conf(root, override)
    discard(root)
    return kept


def discard(root: Path) -> list[Override]:
    """Compose from `conf/` alone and return the experiment's values that this drops."""
    dropped = remembered(params.read_tree(root))
    composed = from_conf(root)
    _write(root, composed, check(root, composed), [])
    return dropped


def is_current(root: Path) -> bool:
    """Return whether `params.yaml` is what `conf/` composes to."""
    composed = from_conf(root)
    checked, path = check(root, composed), root / params.FILE
    return path.exists() and _text(root, composed, checked, []) == path.read_text("utf-8")


def check(root: Path, composed: Mapping[str, Any]) -> Params:
    """Validate every key: the settings, and each stage's options by its implementation's schema.

    Raises:
        ConfigurationError: The first thing that is wrong, with its file, key and what belongs there.
    """
    checked = Params(composed, where=conf_files.MAIN)
    checked.required_observers()
    choices = conf_files.choices(root)
    for stage in checked.pipeline.contracts:
        where = _place(root, stage, choices)
        if not checked.has(stage):
            raise _not_chosen(stage, where, named=stage in choices)
        checked.component(stage, where=where)
        name = checked.section(stage).name
        plugin_manager().require_libraries(stage, name, where=conf_files.MAIN)
    return checked


def _not_chosen(stage: str, where: str, *, named: bool) -> ConfigurationError:
    names = f"NAME one of {', '.join(plugin_manager().names(stage))}"
    if named:
        return ConfigurationError(
            f"The options of the stage '{stage}' have no name.",
            where=where,
            expected=f"a line 'name: NAME', {names}",
            next_step="add the line",
        )
    return ConfigurationError(
        f"No implementation is chosen for the stage '{stage}'.",
        where=f"{conf_files.MAIN}: defaults",
        expected=f"a line '- {stage}: NAME', {names}",
        next_step="add the line",
    )


def _place(root: Path, stage: str, choices: Mapping[str, str]) -> str:
    """Return the file in which a user would change this stage's options."""
    file = conf_files.options_file(root, stage, choices.get(stage, ""))
    return str(file.relative_to(root)) if file.exists() else f"{conf_files.MAIN}: {stage}"


def from_conf(
    root: Path, given: Sequence[str] = (), *, log: Callable[[str], None] = _unheard
) -> Tree:
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
            composed = hydra_compose("config", overrides=list(given))
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
    return _completed({str(key): value for key, value in plain.items()}, log)


def _completed(composed: Tree, log: Callable[[str], None]) -> Tree:
    """Add each stage that is newer than the project's `conf/`, and give options their present names.

    The parts of a template's update that are in `conf/` never reach a project: it is the team's.
    """
    manager = plugin_manager()
    for stage, contract in manager.pipeline.of(()).contracts.items():
        name = contract.default
        if name and stage not in composed:
            composed[stage] = {"name": name, **defaults(manager.load(stage, name))}
    for stage in manager.stages:
        section = composed.get(stage)
        if isinstance(section, dict) and section.get("name") in manager.names(stage):
            options = manager.load(stage, section["name"])
            composed[stage], notices = with_present_names(options, section)
            for notice in notices:
                log(f"warning: conf/{stage}/{section['name']}.yaml: {notice}")
    return composed


def _differences(root: Path, composed: Tree) -> list[Override]:
    """Return what `composed` has and `conf/` alone does not: chosen implementations, then values."""
    base = from_conf(root)
    chosen = overrides.choices(composed, base)
    if chosen:
        base = from_conf(root, [str(choice) for choice in chosen])
    return chosen + overrides.values(composed, base)


def _unknown_choice(root: Path, choices: Mapping[str, str], error: Exception) -> ConfigurationError:
    for stage in plugin_manager().stages:
        choice = choices.get(stage)
        if choice and not conf_files.options_file(root, stage, choice).exists():
            try:
                plugin_manager().find(stage, choice)
            except ConfigurationError as unknown:
                unknown.where = f"{conf_files.MAIN}: defaults: {stage}: {choice}"
                return unknown
    for group, choice in choices.items():
        stages = plugin_manager().stages
        if group not in stages and not (root / conf_files.FOLDER / group).is_dir():
            return ConfigurationError(
                f"There is no stage '{group}'.{did_you_mean(group, stages)}",
                where=f"{conf_files.MAIN}: defaults: {group}: {choice}",
                expected="one of " + ", ".join(stages),
                next_step="correct the line there",
            )
    return ConfigurationError(
        f"conf/ cannot be composed: {' '.join(str(error).split())}",
        where=f"{conf_files.MAIN}: defaults",
        next_step="correct the defaults list",
    )


def _without_bookkeeping(tree: Mapping[str, Any]) -> Tree:
    return {
        key: {k: v for k, v in value.items() if k not in BOOKKEEPING}
        if isinstance(value, dict)
        else value
        for key, value in tree.items()
        if key not in BOOKKEEPING
    }


def _write(root: Path, composed: Tree, checked: Params, kept: list[Override]) -> None:
    json_schema.write(
        root, {stage: checked.section(stage).name for stage in checked.pipeline.contracts}
    )
    update_text(root / params.FILE, _text(root, composed, checked, kept))


def _text(root: Path, composed: Tree, checked: Params, kept: list[Override]) -> str:
    """Return the file's text, each stage of the pipeline stamped with its implementation's fingerprint."""
    stamped: Tree = dict(composed)
    for stage in checked.pipeline.stages:
        spec = checked.registered(stage).implementation
        stamp = fingerprint(spec, checked.component(stage), root)
        stamped[stage] = {**composed[stage], params.STAMP: stamp}
    if kept:
        stamped[params.OVERRIDES] = {override.key: override.value for override in kept}
    return HEADER + conf_files.dump(stamped)
