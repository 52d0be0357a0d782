"""Loading installed plugins: each by itself, so that a broken one stops nothing else."""

from __future__ import annotations

import re
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from mlops_plugins.api import hookspecs
from mlops_plugins.api.deprecation import Deprecated
from mlops_plugins.api.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib import metadata

OWN_DISTRIBUTION = "mlops-plugins"
MARKER = f"{hookspecs.GROUP}_impl"
HOOKS = {name: hook for name, hook in vars(hookspecs.Hooks).items() if name.startswith("mlops_")}


@dataclass(frozen=True)
class Plugin:
    """An installed plugin: a module that a distribution names in our entry-point group."""

    name: str
    module: str
    distribution: str
    version: str

    @property
    def key(self) -> str:
        """Return what distinguishes it from every other plugin."""
        return f"{self.distribution}:{self.name}"

    def __str__(self) -> str:
        return f"plugin '{self.name}' of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Broken:
    """A plugin that is left out, and why."""

    plugin: Plugin
    error: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.plugin}: {self.error}"


@dataclass(frozen=True)
class Warned:
    """A plugin that works, and will not in the next minor version."""

    plugin: Plugin
    warning: str

    def __str__(self) -> str:
        return f"{self.plugin}: {self.warning}"


@dataclass
class Found:
    """What discovery found: the plugins that are loaded, and what is wrong with others."""

    manager: pluggy.PluginManager
    plugins: dict[str, Plugin] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)

    def leave_out(self, plugin: Plugin, error: BaseException | str) -> None:
        """Remember that a plugin cannot be used."""
        text, next_step = _described(plugin, error)
        self.broken.append(Broken(plugin, text, next_step))


def discover(entry_points: Iterable[metadata.EntryPoint]) -> Found:
    """Load every plugin whose requirement of this package is met and whose hooks are right.

    Observers are called in this order: the built-ins, then others by their distribution's and their
    own name; pluggy's `tryfirst` and `trylast` move one before or after all of these.
    """
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs.Hooks)
    found = Found(manager)
    distributions = _Distributions()
    listed = [(distributions.plugin(entry_point), entry_point) for entry_point in entry_points]
    # pluggy calls what was registered last first.
    for plugin, entry_point in sorted(listed, key=lambda pair: _place(pair[0]), reverse=True):
        found.plugins[plugin.key] = plugin
        unmet = distributions.unmet(plugin, entry_point)
        if unmet:
            found.leave_out(plugin, unmet)
        else:
            _load(found, plugin, entry_point)
    return found


def _place(plugin: Plugin) -> tuple[bool, str, str]:
    return plugin.distribution != OWN_DISTRIBUTION, plugin.distribution, plugin.name


class _Distributions:
    """Reads the metadata of each distribution once, however many plugins it has."""

    def __init__(self) -> None:
        self._read: dict[int, Any] = {}

    def plugin(self, entry_point: metadata.EntryPoint) -> Plugin:
        about = self._about(entry_point)
        return Plugin(
            name=entry_point.name,
            module=entry_point.value.partition(":")[0],
            distribution=about["Name"] if about else "(unknown)",
            version=about["Version"] if about else "?",
        )

    def unmet(self, plugin: Plugin, entry_point: metadata.EntryPoint) -> str:
        """Return which version of this package the plugin wants, if it is not the installed one."""
        about = self._about(entry_point)
        if plugin.distribution == OWN_DISTRIBUTION or about is None:
            return ""
        for line in about.get_all("Requires-Dist", []):
            if re.match(r"mlops[-_.]plugins\b", line, re.IGNORECASE):
                return _unmet(line)
        return ""

    def _about(self, entry_point: metadata.EntryPoint) -> Any:
        if entry_point.dist is None:
            return None
        key = id(entry_point.dist)
        if key not in self._read:
            self._read[key] = entry_point.dist.metadata
        return self._read[key]


def _unmet(line: str) -> str:
    from importlib.metadata import version

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return ""
    installed = version(OWN_DISTRIBUTION)
    if wanted.specifier.contains(installed, prereleases=True):
        return ""
    return f"it needs {OWN_DISTRIBUTION}{wanted.specifier}, and {installed} is installed"


def _load(found: Found, plugin: Plugin, entry_point: metadata.EntryPoint) -> None:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            module = entry_point.load()
            problem = misuse(module)
            if not problem:
                found.manager.register(module, name=plugin.key)
        if problem:
            found.leave_out(plugin, problem)
            return
    except (Exception, SystemExit) as error:  # noqa: BLE001  anything may be wrong with a stranger's module
        found.leave_out(plugin, error)
        return
    found.warned += [
        Warned(plugin, str(each.message))
        for each in caught
        if issubclass(each.category, Deprecated)
    ]


def misuse(module: object) -> str:
    """Say which hook is misspelt, unmarked or takes what it is not given.

    pluggy ignores the first two silently, and a wrapper would change what others do.
    """
    for name, function in list(vars(module).items()):
        options = getattr(function, MARKER, None)
        if options is None:
            if name in HOOKS and callable(function):
                return f"its hook '{name}' has no @hookimpl"
            continue
        if name not in HOOKS:
            return f"it implements an unknown hook '{name}'.{did_you_mean(name, HOOKS)}"
        if options["hookwrapper"] or options["wrapper"]:
            return f"its hook '{name}' is a wrapper, which no hook here can be"
        given = _parameters(HOOKS[name])
        for parameter in _parameters(function):
            if parameter not in given:
                return (
                    f"its hook '{name}' takes '{parameter}', which it is not given."
                    f"{did_you_mean(parameter, given)}"
                )
    return ""


def _parameters(function: Any) -> list[str]:
    code = function.__code__
    return [name for name in code.co_varnames[: code.co_argcount] if name != "self"]


def _described(plugin: Plugin, error: BaseException | str) -> tuple[str, str]:
    """Return what is wrong, and what to do."""
    if isinstance(error, str):
        if error.startswith("it needs"):
            return (
                error,
                f"install versions of {plugin.distribution} and {OWN_DISTRIBUTION} that fit",
            )
        return error, f"tell the author of {plugin.distribution}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        library = error.name.partition(".")[0]
        if library == hookspecs.GROUP:
            return (
                f"it imports '{error.name}', which is not in this version",
                f"upgrade {plugin.distribution}; `Upgrading` in the changelog says what moved where",
            )
        return (
            f"it needs '{library}', which is not installed",
            f"install what provides '{library}', or uninstall {plugin.distribution}",
        )
    text = f"{type(error).__name__}: {error}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not Path(frame.filename).is_relative_to(Path(__file__).parent.parent)
        and not frame.filename.startswith("<")
    ]
    if frames and not isinstance(error, SyntaxError):
        text += f" ({frames[-1].filename}, line {frames[-1].lineno})"
    return text, f"tell the author of {plugin.distribution}"


def innermost(error: BaseException, package: str) -> str:
    """Return the last line of a package's code that an error went through, as `file:line`; empty if none."""
    places = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package
    ]
    return places[-1] if places else ""
