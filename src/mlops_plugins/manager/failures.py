"""An implementation that fails: whose it is, where in its code, and the traceback in a file."""

from __future__ import annotations

import os
import tempfile
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mlops_plugins.api.context import home
from mlops_plugins.api.errors import ExitCode, MlopsError, PluginError
from mlops_plugins.manager.discovery import OWN_DISTRIBUTION, innermost
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from mlops_plugins.manager.plugin_manager import RegisteredComponent

FOLDER = ".mlops"
"""Where tracebacks go, below the project; its `.gitignore` names it."""
RECIPE = "_recipe_"
"""How the modules of a project's feature code are called while it runs from a model or a draft."""


@contextmanager
def attributed(offer: RegisteredComponent, root: Path) -> Iterator[None]:
    """Run an implementation; whatever it raises becomes an error that says whose it is.

    `sys.exit` and `os._exit` are failures too, whatever their code: work that ended the process is
    not known to be done. An `MlopsError` and Ctrl-C stay what they are.

    Args:
        offer: The implementation.
        root: The project's folder.

    Raises:
        ConfigurationError: It needs a library that is not installed.
        PluginError: It raised an error, or ended the process.
        MlopsError: It did, and is built in.
    """
    try:
        with exits_noticed():
            yield
    except PluginError as error:
        if str(offer) not in str(error):
            error.where = f"{error.where} ({offer})"
        raise
    except (MlopsError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if isinstance(error, ImportError) and _lacks_library(error, offer):
            raise plugin_manager().not_installed(
                offer.implementation.stage, offer.implementation.name, error
            ) from error
        raise of_plugin(error, root, running=offer) or _failed(
            error, offer, innermost(error, "mlops_plugins"), root
        ) from error


def of_plugin(
    error: BaseException, root: Path, *, running: RegisteredComponent | None = None
) -> MlopsError | None:
    """Return the error that names the plugin, or the project's feature code, that raised this one.

    None if none of its frames is in such code.

    Args:
        error: What was raised.
        root: The project's folder.
        running: The implementation that was called, if it is known.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        module = str(frame.f_globals.get("__name__", ""))
        place = f"{frame.f_code.co_filename}:{line}"
        if module.startswith(RECIPE):
            return _failed(error, None, _project_place(place), root)
        offers = _offers_of(module.partition(".")[0])
        if offers:
            called = {_class_called(frame) for frame, _ in frames}
            offer = max(offers, key=lambda each: (_target(each) in called, each == running))
            return _failed(error, offer, place, root)
    return None


def _offers_of(package: str) -> list[RegisteredComponent]:
    """Return the implementations whose code is in a plugin's package."""
    return [
        offer
        for offer in plugin_manager().components()
        if offer.distribution != OWN_DISTRIBUTION and _package(offer) == package
    ]


def _class_called(frame: FrameType) -> str:
    """Return the class whose method a frame runs, as an implementation's target names it."""
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_qualname.partition('.')[0]}"


def _lacks_library(error: ImportError, offer: RegisteredComponent) -> bool:
    """Return whether what cannot be imported is a library, and no module of the plugin's own."""
    return (error.name or "").partition(".")[0] != _package(offer)


def _target(offer: RegisteredComponent) -> str:
    return offer.implementation.target


def _package(offer: RegisteredComponent) -> str:
    return _target(offer).partition(":")[0].partition(".")[0]


def _project_place(place: str) -> str:
    """Return the place in `src/` of feature code that ran from a draft, which is gone by now."""
    _, recipe, source = place.rpartition("/recipe/")
    return f"src/{source}" if recipe and "/.writing-" in place else place


def _failed(
    error: BaseException, offer: RegisteredComponent | None, where: str, root: Path
) -> MlopsError:
    who = str(offer) if offer else "The feature code of the project"
    how = "ended the process" if isinstance(error, SystemExit) else "failed"
    text = " ".join(str(error).split())
    what = f"{who} {how}: {type(error).__name__}{f': {text}' if text else ''}."
    stage = offer.implementation.stage if offer else "features"
    file = _written(error, stage, root)
    if offer is None:
        return PluginError(what, where=where, next_step=f"correct it; the traceback: {file}")
    if offer.distribution == OWN_DISTRIBUTION:
        return MlopsError(
            what,
            where=where,
            next_step="unless the message names a cause on your side, it is an error of "
            f"{OWN_DISTRIBUTION}: report it with the traceback: {file}",
        )
    return PluginError(
        what,
        where=where,
        next_step=f"correct it, or send the author of {offer.distribution} the traceback: {file}",
    )


def _written(error: BaseException, stage: str, root: Path) -> Path:
    """Write the traceback into the project, or where that is read-only, as in an image, elsewhere."""
    text = "".join(traceback.format_exception(error))
    project = home(root)
    name = f"failed-{stage}.txt"
    try:
        if not (project / "params.yaml").exists():
            return _write(Path(tempfile.mkdtemp(prefix="mlops-")) / name, text)
        (project / FOLDER).mkdir(exist_ok=True)
        return _write(project / FOLDER / name, text)
    except OSError:
        return _write(Path(tempfile.mkdtemp(prefix="mlops-")) / name, text)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def exits_noticed() -> Iterator[None]:
    """Let `os._exit` in this thread raise `SystemExit`; processes that were forked end as ever."""
    leave, process, thread = os._exit, os.getpid(), threading.current_thread()

    def noticed(status: int) -> NoReturn:
        if os.getpid() != process:
            leave(status)
        if threading.current_thread() is not thread:
            leave(status or ExitCode.PLUGIN)
        raise SystemExit(status)

    os._exit = noticed
    try:
        yield
    finally:
        os._exit = leave
