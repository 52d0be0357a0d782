"""Composing `params.yaml` from `conf/`: the only module that imports Hydra."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins import params as parameters
from mlops_plugins.errors import ConfigurationError, did_you_mean
from mlops_plugins.files import write_text
from mlops_plugins.identity import identity
from mlops_plugins.options import to_yaml
from mlops_plugins.registry import registry
from mlops_plugins.stages import PIPELINE, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Tree = dict[str, Any]

CONF = "conf"
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
        composed = _without_bookkeeping(previous)
        try:
            check(root, composed)
        except ConfigurationError as error:
            error.where += ", or -S of this experiment"
            raise
        _write(root, composed, _differences(root, composed))
        return
    fresh = _hydra(root)
    check(root, fresh)
    left = [kept for kept in _remembered(previous) if _get(fresh, kept) != kept.value]
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
    kept = _remembered(parameters.read(root, check=False))
    for override in kept:
        _write_into_conf(root, override)
    discard(root)
    return kept


def discard(root: Path) -> list[Override]:
    """Compose from `conf/` alone and return the experiment's values that this drops."""
    dropped = _remembered(parameters.read(root, check=False))
    fresh = _hydra(root)
    check(root, fresh)
    _write(root, fresh, [])
    return dropped


def is_current(root: Path) -> bool:
    """Return whether `params.yaml` is what `conf/` composes to."""
    fresh = _hydra(root)
    check(root, fresh)
    path = root / parameters.FILE
    return path.exists() and _text(root, fresh, []) == path.read_text(encoding="utf-8")


def check(root: Path, composed: Mapping[str, Any]) -> None:
    """Validate every key: the settings, and each stage's options by its implementation's schema.

    Raises:
        ConfigurationError: The first thing that is wrong, with its file, key and what belongs there.
    """
    parameters.check_settings(composed, where=f"{CONF}/config.yaml")
    for stage in Stage:
        section = composed.get(stage)
        if (not isinstance(section, dict) or "name" not in section) and stage in _choices(root):
            raise ConfigurationError(
                f"The options of the stage '{stage}' have no name.",
                where=_place(root, stage),
                expected=f"a line 'name: NAME', NAME one of {', '.join(registry().names(stage))}",
                next_step="add the line",
            )
        if not isinstance(section, dict) or "name" not in section:
            raise ConfigurationError(
                f"No implementation is chosen for the stage '{stage}'.",
                where=f"{CONF}/config.yaml: defaults",
                expected=f"a line '- {stage}: NAME', NAME one of "
                + ", ".join(registry().names(stage)),
                next_step="add the line",
            )
        parameters.implementation(composed, stage, where=_place(root, stage))


def _place(root: Path, stage: Stage) -> str:
    """Return the file in which a user would change this stage's options."""
    choice = _choices(root).get(stage, "")
    file = root / CONF / stage / f"{choice}.yaml"
    return str(file.relative_to(root)) if file.exists() else f"{CONF}/config.yaml: {stage}"


def _choices(root: Path) -> dict[str, str]:
    """Return the group choices of the defaults list in `conf/config.yaml`."""
    listed = _load_yaml(root / CONF / "config.yaml").get("defaults", [])
    return {
        str(key).removeprefix("override "): str(value)
        for entry in listed
        if isinstance(entry, dict)
        for key, value in entry.items()
    }


def _load_yaml(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    parent = "" if path.parent.name == CONF else f"{path.parent.name}/"
    shown = f"{CONF}/{parent}{path.name}"
    try:
        whole = YAML().load(path) or {}
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no {shown}.",
            where=str(path),
            next_step="run this in a project's folder, or restore the file: git checkout -- conf",
        ) from None
    except YAMLError as error:
        raise ConfigurationError(
            "The configuration is not valid YAML.",
            where=f"{shown}: " + " ".join(str(error).split())[:200],
            next_step="correct that line",
        ) from None
    if not isinstance(whole, dict) or not isinstance(whole.get("defaults", []), list):
        raise ConfigurationError(
            "The configuration is no mapping, or its defaults are no list.",
            where=shown,
            expected="a line `key: value` for each key, and below `defaults:` lines `- stage: name`",
            next_step="correct it there, or restore the file: git checkout -- conf",
        )
    return whole


def _hydra(root: Path, overrides: Sequence[str] = ()) -> Tree:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    choices = _choices(root)
    for stage, choice in choices.items():
        if (file := root / CONF / stage / f"{choice}.yaml").exists():
            _load_yaml(file)  # Hydra would stop at what is no YAML with an error of its own
    try:
        with initialize_config_dir(str(root / CONF), version_base=None):
            composed = hydra_compose("config", overrides=list(overrides))
        OmegaConf.resolve(composed)
    except MissingConfigException as error:
        raise _unknown_choice(root, choices, error) from None
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(
            "conf/ cannot be composed: " + " ".join(str(error).split()),
            where=f"{CONF}/",
            next_step="correct the file that the message names",
        ) from None
    plain = OmegaConf.to_container(composed)
    assert isinstance(plain, dict)  # noqa: S101  a config with a defaults list is a mapping
    return {str(key): value for key, value in plain.items()}


def _unknown_choice(root: Path, choices: Mapping[str, str], error: Exception) -> ConfigurationError:
    for stage in Stage:
        choice = choices.get(stage)
        if choice and not (root / CONF / stage / f"{choice}.yaml").exists():
            try:
                registry().find(stage, choice)
            except ConfigurationError as unknown:
                unknown.where = f"{CONF}/config.yaml: defaults: {stage}: {choice}"
                return unknown
    for group, choice in choices.items():
        if group not in set(Stage) and not (root / CONF / group).is_dir():
            return ConfigurationError(
                f"There is no stage '{group}'.{did_you_mean(group, Stage)}",
                where=f"{CONF}/config.yaml: defaults: {group}: {choice}",
                expected="one of " + ", ".join(Stage),
                next_step="correct the line there",
            )
    return ConfigurationError(
        f"conf/ cannot be composed: {' '.join(str(error).split())}",
        where=f"{CONF}/config.yaml: defaults",
        next_step="correct the defaults list",
    )


def _differences(root: Path, composed: Tree) -> list[Override]:
    """Return what `composed` has and `conf/` alone does not: chosen implementations, then values."""
    base = _hydra(root)
    choices = [
        Override(stage.value, composed[stage]["name"])
        for stage in Stage
        if composed[stage]["name"] != base[stage]["name"]
    ]
    if choices:
        base = _hydra(root, [str(choice) for choice in choices])
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


def _remembered(previous: Mapping[str, Any]) -> list[Override]:
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
    write_text(root / parameters.FILE, _text(root, composed, overrides))


def _text(root: Path, composed: Tree, overrides: list[Override]) -> str:
    """Return the file's text, each stage of the pipeline stamped with its implementation's identity."""
    stamped: Tree = {}
    for key, value in composed.items():
        if key in PIPELINE:
            offer = registry().find(Stage(key), value["name"])
            stamped[key] = {**value, "implementation": identity(offer.implementation)}
        else:
            stamped[key] = value
    if overrides:
        stamped["overrides"] = {override.key: override.value for override in overrides}
    return HEADER + _dump(stamped)


def _dump(tree: Any) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _write_into_conf(root: Path, override: Override) -> None:
    """Write one value to the file in `conf/` that owns it, keeping comments and order."""
    head, _, rest = override.key.partition(".")
    if head not in set(Stage):
        _set(root / CONF / "config.yaml", override.key, override.value)
        return
    if not rest:
        config = _load_yaml(root / CONF / "config.yaml")
        for entry in config["defaults"]:
            if isinstance(entry, dict) and head in entry:
                entry[head] = override.value
        write_text(root / CONF / "config.yaml", _dump(config))
        return
    choice = _choices(root)[head]
    file = root / CONF / head / f"{choice}.yaml"
    if not file.exists():
        offer = registry().find(Stage(head), choice)
        target = registry().load(Stage(head), choice)
        write_text(file, to_yaml(choice, target, offer.implementation.summary))
    _set(file, rest, override.value)


def _set(file: Path, key: str, value: Any) -> None:
    tree = _load_yaml(file)
    node = tree
    *parents, last = key.split(".")
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    write_text(file, _dump(tree))
