"""All checks of a plugin or of one implementation, as a list for pytest or a command."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from mlops_plugins.api.errors import ConfigurationError, did_you_mean
from mlops_plugins.manager.failures import exits_noticed
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.threads import cap_threads
from mlops_plugins.testing import contracts
from mlops_plugins.testing.contracts import plugin
from mlops_plugins.testing.failure import ConformanceError, described
from mlops_plugins.testing.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path


SERVER = "MLFLOW_TRACKING_URI"
"""The environment variable by which the built-in registry, which the gate asks, finds its server."""


@dataclass(frozen=True)
class Check:
    """One thing that an implementation, or a plugin, must do.

    Attributes:
        subject: Whose: `train/acme-gbm`, or the distribution's name.
        name: What, as it completes a sentence that begins with the subject.
        run: Does it in an empty folder.
    """

    subject: str
    name: str
    run: Callable[[Path], None]

    def __str__(self) -> str:
        return f"{self.subject} {self.name}"

    def __call__(self, folder: Path) -> None:
        """Check it in an empty folder.

        Raises:
            ConformanceError: It breaks its contract.
        """
        # As a run does: numeric libraries with more threads than free cores are slow.
        cap_threads(1)
        # No server of the author's is to hear of what the suite makes.
        server = os.environ.pop(SERVER, None)
        try:
            with exits_noticed():
                self.run(folder)
        except ConformanceError:
            raise
        except (Exception, SystemExit) as error:
            raise ConformanceError(
                f"whether {self} was checked",
                expected="no error, as nothing was wrong with what it was given",
                found=described(error),
            ) from error
        finally:
            os.environ.pop(SERVER, None)
            if server is not None:
                os.environ[SERVER] = server


def checks(which: str, *, options: Mapping[str, Mapping[str, Any]] | None = None) -> list[Check]:
    """Return the checks of a plugin, or of one implementation.

    Args:
        which: A distribution's name, for all that it offers; or `stage/name`.
        options: Options for implementations that need some, by `stage/name`.

    Raises:
        ConfigurationError: There is no such plugin or implementation.
    """
    given = dict(options or {})
    known = {str(Subject(offer)): offer for offer in plugin_manager().components()}
    for name in given:
        if name not in known:
            raise _unknown(name, known, where="checks(options=...)")
    if "/" in which:
        if which not in known:
            raise _unknown(which, known, where=f"checks({which!r})")
        stage, _, name = which.partition("/")
        offer = plugin_manager().find(stage, name)
        return _of_implementation(Subject(offer, given.get(which, {})))
    distribution = _distribution(which)
    found = [
        Check(distribution, name, partial(run, distribution)) for name, run in plugin.CHECKS.items()
    ]
    for name, offer in known.items():
        if offer.distribution == distribution:
            found += _of_implementation(Subject(offer, given.get(name, {})))
    return found


def _of_implementation(subject: Subject) -> list[Check]:
    return [
        Check(str(subject), name, partial(run, subject))
        for name, run in contracts.of(subject.stage, subject.name).items()
    ]


def _distribution(which: str) -> str:
    """Return the name as the distribution itself writes it."""
    names = {installed.distribution for installed in plugin_manager().plugins}
    for name in names:
        if canonicalize_name(name) == canonicalize_name(which):
            return name
    raise _unknown(which, names, where=f"checks({which!r})")


def _unknown(name: str, known: Iterable[str], *, where: str) -> ConfigurationError:
    names = sorted(known)
    what = "implementation" if "/" in name else "plugin"
    return ConfigurationError(
        f"There is no {what} '{name}'.{did_you_mean(name, names)}",
        where=where,
        expected="one of " + ", ".join(names),
        next_step="correct it there, or install the plugin (`mlops plugins` lists all)",
    )
