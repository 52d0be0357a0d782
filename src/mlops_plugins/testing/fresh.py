"""What is done in a process of its own: `python -m mlops_plugins.testing.fresh '[["run", ...]]'`."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import MlopsError
from mlops_plugins.api.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

DRAFT = f"{os.sep}.writing-"
"""What is in the path of every draft, as `mlops_plugins.artifacts.files.replacing` makes it."""


def run(root: str, stage: str) -> None:
    """Run a stage as `mlops run` does."""
    from mlops_plugins.runtime.executor import run_stage

    run_stage(Path(root), stage, _say)


def killed(root: str, stage: str) -> None:
    """Run a stage, and die when its implementation begins to write, at the latest when it ends.

    Arrow writes without a word to Python, so its writes are not seen.
    """
    from mlops_plugins.config import params
    from mlops_plugins.manager.plugin_manager import plugin_manager

    chosen = params.read(Path(root)).section(stage).name
    target: Any = plugin_manager().load(stage, chosen)
    method = getattr(target, stage)

    def die(event: str, arguments: tuple[Any, ...]) -> None:
        if any(isinstance(one, str | bytes) and DRAFT in os.fsdecode(one) for one in arguments):
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(method)
    def watched(*arguments: Any, **keywords: Any) -> None:
        sys.addaudithook(die)
        method(*arguments, **keywords)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(target, stage, watched)
    run(root, stage)


def features(name: str, recipe: str, rows: str, described: str, output: str) -> None:
    """Write the features that a recipe makes of raw rows, read as a JSON schema describes them."""
    from mlops_plugins.artifacts import schema, tables
    from mlops_plugins.manager.plugin_manager import plugin_manager

    known = schema.parse(json.loads(described), target="", id=None, where="the suite")
    made: Any = plugin_manager().load(Stage.FEATURES, name).model_construct()
    raw = schema.conform(tables.read_frame(Path(rows)), known)
    tables.write_frame(made.recipe(Path(recipe))(raw), Path(output))


def scores(model: str, rows: str, output: str) -> None:
    """Write the scores that a model folder gives raw rows."""
    import numpy as np

    from mlops_plugins.artifacts import tables
    from mlops_plugins.artifacts.model_folder import open_model

    np.save(output, open_model(Path(model)).scores(tables.read_frame(Path(rows))))


def modules(output: str, *names: str) -> None:
    """Write which modules are imported with these, beyond those of `mlops_plugins` itself."""
    import importlib

    before = set(sys.modules)
    for name in names:
        importlib.import_module(name)
    Path(output).write_text(json.dumps(sorted(set(sys.modules) - before)))


def serve(root: str, model: str, log: str, port: str) -> None:
    """Serve a model folder as the project at `root` says, until interrupted."""
    from mlops_plugins.config import params
    from mlops_plugins.runtime.threads import cap_threads

    chosen = params.read(Path(root))
    context = chosen.context(Path(root), _say)
    cap_threads(context.threads)
    chosen.component(Stage.SERVE).serve(
        context,
        model=Path(model),
        version="1",
        log=Path(log),
        host="127.0.0.1",
        port=int(port),
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


ACTIONS: dict[str, Callable[..., None]] = {
    function.__name__: function for function in (run, killed, features, scores, modules, serve)
}


def main() -> None:
    """Do what the command line says, one action after the other."""
    # What a shell starts in the background ignores SIGINT, and so would what it starts in turn.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for name, *arguments in json.loads(sys.argv[1]):
            ACTIONS[name](*arguments)
    except MlopsError as error:
        _say(f"{type(error).__name__}: {error}")
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
