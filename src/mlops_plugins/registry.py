"""Which plugins are installed, what they offer, and every error text about them."""

from __future__ import annotations

import importlib
import inspect
import os
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

import pluggy

from mlops_plugins import hookspecs
from mlops_plugins.errors import ConfigurationError, did_you_mean
from mlops_plugins.options import Options
from mlops_plugins.stages import CONTRACTS, Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DISABLE_EXTERNAL = "MLOPS_DISABLE_EXTERNAL_PLUGINS"
"""Environment variable: when set to anything but 0, only the built-in plugins are loaded."""

OWN_DISTRIBUTION = "mlops-plugins"


@dataclass(frozen=True)
class Offer:
    """An implementation and who offers it."""

    implementation: Implementation
    distribution: str
    version: str

    def __str__(self) -> str:
        offered = self.implementation
        return f"{offered.stage}/{offered.name} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be loaded, and why."""

    entry_point: str
    distribution: str
    version: str
    error: str

    def __str__(self) -> str:
        return f"plugin '{self.entry_point}' of {self.distribution} {self.version}: {self.error}"


class Registry:
    """What is installed: implementations by stage and name, and the plugins that failed to load.

    One broken plugin never stops the others: each is loaded, asked and checked by itself.
    """

    def __init__(self, entry_points: Iterable[metadata.EntryPoint]) -> None:
        self._manager = pluggy.PluginManager(hookspecs.GROUP)
        self._manager.add_hookspecs(hookspecs.Hooks)
        self._offers: dict[tuple[Stage, str], list[Offer]] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        self.broken: list[Broken] = []
        for entry_point in entry_points:
            self._register(entry_point)
        self._report_unknown_hooks()
        self._collect()

    def _register(self, entry_point: metadata.EntryPoint) -> None:
        name = entry_point.name
        distribution = entry_point.dist.name if entry_point.dist else "(unknown)"
        version = entry_point.dist.version if entry_point.dist else "?"
        key = f"{distribution}:{name}"
        self._owners[key] = (distribution, version)
        try:
            self._manager.register(entry_point.load(), name=key)
        except Exception as error:  # noqa: BLE001  anything may be wrong with a stranger's module
            self._fail(key, error)

    def _fail(self, key: str, error: BaseException | str) -> None:
        distribution, version = self._owners[key]
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        self.broken.append(Broken(key.partition(":")[2], distribution, version, text))

    def _report_unknown_hooks(self) -> None:
        """Say which plugin misspells which hook: pluggy ignores unknown hooks silently."""
        known = [name for name in vars(hookspecs.Hooks) if name.startswith("mlops_")]
        for key, module in self._manager.list_name_plugin():
            for name in vars(module):
                marked = getattr(getattr(module, name), f"{hookspecs.GROUP}_impl", None)
                if marked is not None and name not in known:
                    self._fail(
                        key, f"it implements an unknown hook '{name}'.{did_you_mean(name, known)}"
                    )

    def _collect(self) -> None:
        for hook in self._manager.hook.mlops_implementations.get_hookimpls():
            try:
                offered = list(cast("Iterable[Implementation]", hook.function()))
            except Exception as error:  # noqa: BLE001  one plugin's failure is its own
                self._fail(hook.plugin_name, error)
                continue
            for implementation in offered:
                offer = Offer(implementation, *self._owners[hook.plugin_name])
                place = (implementation.stage, implementation.name)
                self._offers.setdefault(place, []).append(offer)

    def offers(self) -> list[Offer]:
        """Return every offer, in the order of stages and names."""
        order = list(Stage)
        places = sorted(self._offers, key=lambda place: (order.index(place[0]), place[1]))
        return [offer for place in places for offer in self._offers[place]]

    def names(self, stage: Stage) -> list[str]:
        """Return the names that may be written for a stage."""
        return sorted(name for offered, name in self._offers if offered is stage)

    def find(self, stage: Stage, name: str) -> Offer:
        """Return the one offer of that stage and name.

        Raises:
            ConfigurationError: There is none, or more than one.
        """
        found = self._offers.get((stage, name), [])
        if len(found) > 1:
            owners = " and ".join(f"{offer.distribution} {offer.version}" for offer in found)
            raise ConfigurationError(
                f"Two plugins offer {stage}/{name}: {owners}.",
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

    def load(self, stage: Stage, name: str) -> type[Options]:
        """Import the implementation's class and check it against its stage's contract.

        Raises:
            ConfigurationError: It needs a library that is not installed, or is no implementation.
        """
        offer = self.find(stage, name)
        module, _, attribute = offer.implementation.target.partition(":")
        try:
            target = getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            raise not_installed(offer, error) from error
        except AttributeError as error:
            raise ConfigurationError(
                f"{offer} cannot be loaded: {error}.",
                where=offer.implementation.target,
                next_step=f"tell the author of {offer.distribution}",
            ) from error
        _check(offer, target)
        return cast("type[Options]", target)

    def observe(self, event: str, **arguments: Any) -> list[str]:
        """Call every observer of `event`; return what went wrong in any, and raise nothing."""
        failures = []
        for hook in getattr(self._manager.hook, event).get_hookimpls():
            try:
                hook.function(**{name: arguments[name] for name in hook.argnames})
            except Exception as error:  # noqa: BLE001  an observer never fails a stage
                failures.append(f"observer '{hook.plugin_name}': {type(error).__name__}: {error}")
        return failures


@cache
def registry() -> Registry:
    """Return the registry of this environment."""
    entry_points = sorted(metadata.entry_points(group=hookspecs.GROUP), key=lambda e: e.name)
    if os.environ.get(DISABLE_EXTERNAL, "0") != "0":
        entry_points = [e for e in entry_points if e.dist and e.dist.name == OWN_DISTRIBUTION]
    return Registry(entry_points)


def not_installed(offer: Offer, error: ImportError) -> ConfigurationError:
    """Return the error for an implementation whose library is not there."""
    library = (error.name or str(error)).partition(".")[0]
    extra = offer.implementation.extra
    return ConfigurationError(
        f"{offer} needs '{library}', which cannot be imported: {error}.",
        where=f"{offer.implementation.stage}: {offer.implementation.name}",
        next_step=f"uv add '{extra}'" if extra else f"install '{library}'",
    )


def _check(offer: Offer, target: object) -> None:
    stage = offer.implementation.stage
    if not (inspect.isclass(target) and issubclass(target, Options)):
        raise _contract_error(
            offer, f"{offer.implementation.target} is not a class made from Options"
        )
    for name, wanted in _methods(CONTRACTS[stage].protocol).items():
        method = getattr(target, name, None)
        if method is None:
            raise _contract_error(offer, f"it has no method '{name}'")
        accepted = inspect.signature(method).parameters
        absent = [parameter for parameter in wanted if parameter not in accepted]
        if absent:
            raise _contract_error(offer, f"its method '{name}' does not take '{absent[0]}'")


def _methods(protocol: type[Any]) -> Mapping[str, tuple[str, ...]]:
    methods: dict[str, Callable[..., Any]] = {
        name: value
        for name, value in vars(protocol).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    return {name: tuple(inspect.signature(method).parameters) for name, method in methods.items()}


def _contract_error(offer: Offer, problem: str) -> ConfigurationError:
    stage = offer.implementation.stage
    protocol = CONTRACTS[stage].protocol
    return ConfigurationError(
        f"{offer} does not keep the contract of its stage: {problem}.",
        where=offer.implementation.target,
        expected=f"mlops_plugins.stages.{protocol.__name__}",
        next_step=f"tell the author of {offer.distribution}",
    )
