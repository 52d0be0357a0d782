"""Which implementations are installed, how one is chosen, and every error text about that."""

from __future__ import annotations

import importlib
import inspect
import os
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mlops_plugins.api import hookspecs
from mlops_plugins.api.component import Component
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.api.spec import ComponentSpec
from mlops_plugins.api.stage import Contract
from mlops_plugins.manager import requirements, signatures
from mlops_plugins.manager.discovery import (
    OWN_DISTRIBUTION,
    Broken,
    Plugin,
    Warned,
    discover,
    innermost,
)
from mlops_plugins.manager.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Offered = TypeVar("Offered")

DISABLE_EXTERNAL = "MLOPS_DISABLE_EXTERNAL_PLUGINS"
"""Environment variable: when set to anything but 0, only the built-in plugins are loaded."""

OBSERVERS = tuple(
    name
    for name in vars(hookspecs.Hooks)
    if name.startswith("mlops_") and name not in ("mlops_implementations", "mlops_stages")
)


@dataclass(frozen=True)
class RegisteredComponent:
    """An implementation and the plugin that offers it."""

    implementation: ComponentSpec
    plugin: Plugin

    @property
    def distribution(self) -> str:
        """Return the name of the distribution that it comes with."""
        return self.plugin.distribution

    @property
    def version(self) -> str:
        """Return that distribution's version."""
        return self.plugin.version

    def __str__(self) -> str:
        offered = self.implementation
        return f"{offered.stage}/{offered.name} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Failure:
    """An observer that failed, and how."""

    plugin: Plugin
    error: BaseException

    def __str__(self) -> str:
        name = f"observer '{self.plugin.name}' of {self.plugin.distribution} {self.plugin.version}"
        return f"{name}: {type(self.error).__name__}: {self.error}{self._place}"

    @property
    def _place(self) -> str:
        """Return the innermost line of the plugin's package."""
        place = innermost(self.error, self.plugin.module.partition(".")[0])
        return f" ({place})" if place else ""


class PluginManager:
    """What is installed: implementations by stage and name, observers, and what is left out."""

    def __init__(self, entry_points: Iterable[metadata.EntryPoint]) -> None:
        self._found = discover(entry_points)
        self._components: dict[tuple[str, str], list[RegisteredComponent]] = {}
        self.pipeline = self._collect_stages()
        self._collect_components()

    @property
    def plugins(self) -> list[Plugin]:
        """Return every installed plugin, those that are left out too."""
        return list(self._found.plugins.values())

    @property
    def broken(self) -> list[Broken]:
        """Return the plugins that are left out."""
        return sorted(self._found.broken, key=lambda broken: broken.plugin.key)

    @property
    def warned(self) -> list[Warned]:
        """Return what plugins do that the next minor version will not take."""
        return self._found.warned

    def _collect_stages(self) -> Pipeline:
        # By plain names: a member of Stage cannot be written into YAML.
        pipeline = Pipeline({str(stage): contract for stage, contract in CONTRACTS.items()})
        for plugin, contracts in self._offered("mlops_stages", Contract):
            try:
                for contract in contracts:
                    pipeline = pipeline.with_stage(contract)
            except ValueError as error:
                self._found.leave_out(plugin, str(error))
        return pipeline

    def _collect_components(self) -> None:
        for plugin, specs in self._offered("mlops_implementations", ComponentSpec):
            stages = self.pipeline.contracts
            unknown = [spec for spec in specs if spec.stage not in stages]
            if unknown:
                self._found.leave_out(
                    plugin,
                    f"it offers '{unknown[0].name}' of the stage '{unknown[0].stage}', which is none."
                    f"{did_you_mean(unknown[0].stage, stages)}",
                )
                continue
            for spec in specs:
                registered = RegisteredComponent(spec, plugin)
                self._components.setdefault((spec.stage, spec.name), []).append(registered)

    def _offered(
        self, hook_name: str, kind: type[Offered]
    ) -> Iterator[tuple[Plugin, list[Offered]]]:
        """Give what each plugin offers by a hook; one that fails is left out, and stops no other."""
        for hook in self._called(hook_name):
            plugin = self._found.plugins[hook.plugin_name]
            if any(broken.plugin == plugin for broken in self._found.broken):
                continue
            try:
                offered = [_checked(each, kind) for each in hook.function()]
            except (Exception, SystemExit) as error:  # noqa: BLE001  one plugin's failure is its own
                self._found.leave_out(plugin, error)
                continue
            yield plugin, offered

    @property
    def stages(self) -> tuple[str, ...]:
        """Return every stage and job, in the order they run."""
        return tuple(self.pipeline.contracts)

    def contract(self, stage: str) -> Contract:
        """Return what a stage is, as it was declared."""
        return self.pipeline.contracts[stage]

    def components(self) -> list[RegisteredComponent]:
        """Return every offer, in the order of stages and names."""
        places = sorted(self._components, key=lambda place: (self.stages.index(place[0]), place[1]))
        return [offer for place in places for offer in self._components[place]]

    def names(self, stage: str) -> list[str]:
        """Return the names that may be written for a stage."""
        return sorted(name for offered, name in self._components if offered == stage)

    def find(self, stage: str, name: str) -> RegisteredComponent:
        """Return the one offer of that stage and name.

        Raises:
            ConfigurationError: There is none, or more than one.
        """
        found = self._components.get((stage, name), [])
        if len(found) > 1:
            raise ConfigurationError(
                f"{contested(found)}.",
                where=f"{stage}: {name}",
                next_step="uninstall one of them, or ask its author to rename it",
            )
        if not found:
            choices = self.names(stage)
            hints = "".join(f"\n  not loaded: {broken}" for broken in self.broken)
            raise ConfigurationError(
                f"There is no implementation '{name}' of {stage}."
                f"{did_you_mean(name, choices)}{hints}",
                where=f"{stage}: {name}",
                expected="one of " + ", ".join(choices),
                next_step="choose one of these in conf/config.yaml, or install the plugin "
                f"that offers '{name}' (`mlops plugins` lists all)",
            )
        return found[0]

    def load(self, stage: str, name: str) -> type[Component]:
        """Import the implementation's class and check it against its stage's contract.

        Raises:
            ConfigurationError: It needs a library that is not installed, or is no implementation.
        """
        offer = self.find(stage, name)
        module, _, attribute = offer.implementation.target.partition(":")
        try:
            target = getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            raise self.not_installed(stage, name, error) from error
        except (Exception, SystemExit) as error:
            raise ConfigurationError(
                f"{offer} cannot be loaded: {type(error).__name__}: {error}.",
                where=offer.implementation.target,
                next_step=f"tell the author of {offer.distribution}",
            ) from error
        _check(offer, self.contract(stage), target)
        return cast("type[Component]", target)

    def not_installed(self, stage: str, name: str, error: ImportError) -> ConfigurationError:
        """Return the error for an implementation whose library is not there."""
        offer = self.find(stage, name)
        library = (error.name or str(error)).partition(".")[0]
        extra = offer.implementation.extra
        return ConfigurationError(
            f"{offer} needs '{library}', which cannot be imported: {error}.",
            where=f"{stage}: {name}",
            next_step=f"uv add '{extra}'" if extra else f"install '{library}'",
        )

    def require_libraries(self, stage: str, name: str, *, where: str) -> None:
        """Make sure that what an implementation needs is installed, importing nothing.

        Raises:
            ConfigurationError: A library is missing.
        """
        offer = self.find(stage, name)
        missing = requirements.absent(offer.implementation)
        if missing:
            extra = offer.implementation.extra
            raise ConfigurationError(
                f"{offer} needs {' and '.join(repr(library) for library in missing)}, "
                "which is not installed.",
                where=f"{where}: {stage}: {name}",
                next_step=f"uv add '{extra}'" if extra else f"uv add {' '.join(missing)}",
            )

    def deprecations(self, stage: str, name: str) -> list[Warned]:
        """Return what the implementation will have to do otherwise in the next minor version."""
        plugin = self.find(stage, name).plugin
        found = signatures.methods(self.load(stage, name))
        return [
            Warned(plugin, text) for text in signatures.deprecations(self.contract(stage), found)
        ]

    def observers(self) -> list[tuple[Plugin, list[str]]]:
        """Return the plugins that observe, in the order they are called, and their hooks."""
        hooks: dict[str, list[str]] = {}
        for event in OBSERVERS:
            for hook in self._called(event):
                hooks.setdefault(hook.plugin_name, []).append(event)
        order = [key for key in reversed(self._found.plugins) if key in hooks]
        return [(self._found.plugins[key], hooks[key]) for key in order]

    def observe(self, event: str, **arguments: Any) -> list[Failure]:
        """Call every observer of `event` in order; return those that failed, and raise nothing."""
        failures = []
        for hook in self._called(event):
            try:
                hook.function(**{name: arguments[name] for name in hook.argnames})
            except (Exception, SystemExit) as error:  # noqa: BLE001  the caller says whether it matters
                failures.append(Failure(self._found.plugins[hook.plugin_name], error))
        return failures

    def _called(self, event: str) -> list[Any]:
        """Return the implementations of a hook in the order of calls: pluggy keeps the reverse."""
        return list(reversed(getattr(self._found.manager.hook, event).get_hookimpls()))


@cache
def plugin_manager() -> PluginManager:
    """Return the plugin manager of this environment."""
    entry_points = metadata.entry_points(group=hookspecs.GROUP)
    if os.environ.get(DISABLE_EXTERNAL, "0") != "0":
        return PluginManager(e for e in entry_points if e.dist and e.dist.name == OWN_DISTRIBUTION)
    return PluginManager(entry_points)


def contested(offers: list[RegisteredComponent]) -> str:
    """Say that several plugins offer the same name, and which ones."""
    offered = offers[0].implementation
    owners = " and ".join(f"{offer.distribution} {offer.version}" for offer in offers)
    return f"Two plugins offer {offered.stage}/{offered.name}: {owners}"


def _checked(offered: object, kind: type[Offered]) -> Offered:
    if not isinstance(offered, kind):
        raise TypeError(f"it offers {offered!r}, which is no {kind.__name__}")
    return offered


def _check(offer: RegisteredComponent, contract: Contract, target: object) -> None:
    if not (inspect.isclass(target) and issubclass(target, Component)):
        problem = f"{offer.implementation.target} is not a class made from Component"
    else:
        problem = signatures.problem(contract, signatures.methods(target))
    if problem:
        raise ConfigurationError(
            f"{offer} does not keep the contract of its stage: {problem}.",
            where=offer.implementation.target,
            expected=signatures.interface(contract),
            next_step=f"tell the author of {offer.distribution}",
        )
