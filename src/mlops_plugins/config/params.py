"""`params.yaml`, the one configuration that stages and jobs see, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import parse as parse_options
from mlops_plugins.api.context import Context
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.config import settings
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlops_plugins.config.settings import Settings
    from mlops_plugins.manager.pipeline import Pipeline
    from mlops_plugins.manager.plugin_manager import RegisteredComponent

FILE = "params.yaml"
STAMP = "implementation"
"""The key of a section in which compose writes the implementation's fingerprint."""
OVERRIDES = "overrides"
"""The key in which compose writes what an experiment overrode."""


@dataclass(frozen=True)
class Section:
    """What `params.yaml` says of one stage.

    Attributes:
        stage: The stage.
        name: The chosen implementation.
        options: Its options, not yet checked.
        fingerprint: What compose wrote of the implementation; empty for jobs.
    """

    stage: str
    name: str
    options: Mapping[str, Any]
    fingerprint: Mapping[str, Any]


class Params:
    """A project's settings, and its chosen components, each made once.

    Args:
        tree: What `params.yaml`, or `conf/`, holds.
        where: The file, for errors.

    Raises:
        ConfigurationError: A setting is unknown, missing or of the wrong type.
    """

    def __init__(self, tree: Mapping[str, Any], *, where: str = FILE) -> None:
        self._tree = tree
        self._components: dict[str, Any] = {}
        self.settings: Settings = settings.parse(_settings_of(tree, where=where), where=where)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as reports and trackers record it."""
        return dict(self._tree)

    def context(self, root: Path, log: Callable[[str], None]) -> Context:
        """Make the context that every stage is given."""
        given = self.settings
        return Context(
            root=root,
            project=given.project,
            data=given.columns,
            seed=given.seed,
            threads=given.threads,
            log=log,
        )

    def section(self, stage: str, *, where: str = FILE) -> Section:
        """Return what is said of a stage.

        Raises:
            ConfigurationError: No implementation is chosen for it.
        """
        found = self._tree.get(stage)
        if not isinstance(found, dict) or "name" not in found:
            raise ConfigurationError(
                f"No implementation is chosen for the stage '{stage}'.",
                where=f"{where}: {stage}",
                next_step="mlops compose",
            )
        options = {key: value for key, value in found.items() if key not in ("name", STAMP)}
        return Section(stage, found["name"], options, found.get(STAMP, {}))

    def has(self, stage: str) -> bool:
        """Return whether an implementation is chosen for a stage."""
        found = self._tree.get(stage)
        return isinstance(found, dict) and "name" in found

    @property
    def pipeline(self) -> Pipeline:
        """Return the project's stages: the built-in ones, and those added ones that it names."""
        return plugin_manager().pipeline.of(self._tree)

    def registered(self, stage: str) -> RegisteredComponent:
        """Return the description of a stage's implementation, and whose it is.

        Raises:
            ConfigurationError: There is none of that name.
        """
        return plugin_manager().find(stage, self.section(stage).name)

    def component(self, stage: str, *, where: str = FILE) -> Any:
        """Return a stage's implementation, its options checked.

        Raises:
            ConfigurationError: The implementation or one of its options is unknown or wrong.
        """
        if stage not in self._components:
            chosen = self.section(stage, where=where)
            kind = plugin_manager().load(stage, chosen.name)
            self._components[stage] = parse_options(kind, chosen.options, where=where)
        return self._components[stage]

    def required_observers(self) -> list[str]:
        """Return the names of the observers without which nothing may run.

        Raises:
            ConfigurationError: One of them is not installed, or broken.
        """
        names = self.settings.observers.required
        known = {plugin.name for plugin, _ in plugin_manager().observers()}
        for name in names:
            if name not in known:
                raise _no_observer(name, known)
        return names


def _no_observer(name: str, known: set[str]) -> ConfigurationError:
    broken = [str(each) for each in plugin_manager().broken if each.plugin.name == name]
    return ConfigurationError(
        f"The required observer '{name}' is not there"
        + (f": {broken[0]}." if broken else f".{did_you_mean(name, known)}"),
        where="conf/config.yaml: observers.required",
        expected="one of " + ", ".join(sorted(known)),
        next_step="install it, or take it from the list there",
    )


def _settings_of(tree: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return the settings without the stages' sections.

    Raises:
        ConfigurationError: A key is none of both.
    """
    known = [*settings.Settings.model_fields, *plugin_manager().stages, OVERRIDES]
    for key in tree:
        if key not in known:
            raise ConfigurationError(
                f"There is no setting '{key}'.{did_you_mean(key, known)}",
                where=f"{where}: {key}",
                expected=f"one of {', '.join(settings.Settings.model_fields)}, or a stage",
                next_step=f"remove or rename '{key}' there",
            )
    return {key: value for key, value in tree.items() if key in settings.Settings.model_fields}


def read(root: Path) -> Params:
    """Read and check the composed parameters of the project at `root`.

    Raises:
        ConfigurationError: There are none, or they are not valid.
    """
    return Params(read_tree(root))


def read_tree(root: Path) -> dict[str, Any]:
    """Read the composed parameters as they are written.

    Raises:
        ConfigurationError: There are none, or they are no YAML mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = root / FILE
    try:
        tree = YAML(typ="safe").load(path)
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no {FILE} here.",
            where=str(root),
            expected="a project made by `copier copy`",
            next_step="`mlops compose` in the project's folder",
        ) from None
    except YAMLError as error:
        raise ConfigurationError(
            f"{FILE} is not valid YAML.",
            where=f"{FILE}: " + " ".join(str(error).split())[:200],
            next_step=f"rm {FILE} && mlops compose",
        ) from None
    if not isinstance(tree, dict):
        raise ConfigurationError(
            f"{FILE} holds no settings.", where=FILE, next_step=f"rm {FILE} && mlops compose"
        )
    return tree
