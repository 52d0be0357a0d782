"""Running one stage: its inputs checked, its outputs moved to their place only when complete.

`mlops run`, `mlops run --all` and the conformance suite all run implementations by `execute`.
"""

from __future__ import annotations

import importlib
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts import files
from mlops_plugins.config import params as parameters
from mlops_plugins.config import places
from mlops_plugins.manager import formats, signatures
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.observers import observed
from mlops_plugins.runtime.threads import cap_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.stage import Contract
    from mlops_plugins.config.params import Params


def run_all(root: Path, log: Callable[[str], None]) -> None:
    """Compose, and run every stage of the pipeline in this process, whether it is stale or not.

    What it writes is what `dvc repro` writes, byte for byte; for tests, debuggers and notebooks.

    Raises:
        MlopsError: As `run_stage` does; the stages after that one are not run.
    """
    from mlops_plugins.config.compose import compose

    compose(root, in_experiment=False, log=log)
    for stage in parameters.read(root).pipeline.stages:
        run_stage(root, stage, log)


def run_stage(root: Path, stage: str, log: Callable[[str], None]) -> None:
    """Run a stage of the pipeline in the project at `root`.

    Raises:
        MlopsError: The configuration, an input or the stage's own work is wrong. The outputs of
            the last good run stay where they are.
    """
    manager = plugin_manager()
    try:
        params = parameters.read(root)
        context = params.context(root, log)
        cap_threads(context.threads)
        params.component(stage)
        for warned in [*manager.warned, *manager.deprecations(stage, params.section(stage).name)]:
            log(f"warning: {warned}")
        with observed(stage, params, context) as observed_context:
            try:
                execute(params.pipeline.placed(stage), observed_context, params)
            except ConfigurationError as error:
                places.correct(error, root, params)
                raise
    except BaseException:
        _restore_outputs(root, stage)
        raise


def execute(
    contract: Contract,
    context: Context,
    params: Params,
    *,
    into: Path | None = None,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Run the component that `params` has for a stage, on the files below the context's root.

    Args:
        contract: The stage.
        context: What the component is given.
        params: The project's parameters and components.
        into: Where the outputs go, each at its path below; the context's root if None.
        given: What the component is given beside files, instead of what the runtime provides.

    Raises:
        DataError: An input is missing.
        PluginError: The component ended without an error, and did not write what it promises, or not
            in the form that others read.
    """
    _require_inputs(contract, context.root)
    with ExitStack() as stack:
        drafts = {
            name: stack.enter_context(files.replacing((into or context.root) / path))
            for name, path in contract.outputs.items()
        }
        Execution(contract, context, params, drafts, given or {}).run()
        for name, draft in drafts.items():
            signatures.require_written(contract, name, draft)
        formats.check_outputs(contract, drafts, str(params.registered(contract.stage)))


@dataclass(frozen=True)
class Execution:
    """One run of one component: what it reads, where it writes, and what else it is given."""

    contract: Contract
    context: Context
    params: Params
    drafts: Mapping[str, Path]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def component(self) -> Any:
        """Return the implementation that is run."""
        return self.params.component(self.contract.stage)

    @property
    def inputs(self) -> dict[str, Path]:
        """Return the paths that it reads, and those that it changes in place, by parameter."""
        paths = {**self.contract.inputs, **self.contract.kept}
        return {name: self.context.root / path for name, path in paths.items()}

    @cached_property
    def _provided(self) -> dict[str, Any]:
        from mlops_plugins.runtime.provided import PROVIDERS

        return {
            name: PROVIDERS[name](self.context, self.params)
            for name in self.contract.needs
            if name not in self.given
        }

    def run(self) -> None:
        """Run the component, by the stage's wrapper if it has one."""
        module, _, function = self.contract.wrapper.partition(":")
        if module:
            getattr(importlib.import_module(module), function)(self)
        else:
            self.call()

    def call(self) -> None:
        """Call the component's method."""
        method = getattr(self.component, self.contract.stage)
        arguments = {**self.inputs, **self.drafts, **self._provided, **self.given}
        method(self.context, **signatures.accepted(self.contract, method, arguments))


def _require_inputs(contract: Contract, root: Path) -> None:
    for name, path in contract.inputs.items():
        if not (root / path).exists() and name not in contract.may_miss:
            raise DataError(
                f"The stage '{contract.stage}' needs {path}, which is missing.",
                where=str(root / path),
                next_step="dvc repro",
            )


def _restore_outputs(root: Path, stage: str) -> None:
    """Bring back what DVC removed before it started this stage, so that a failure loses nothing.

    DVC deletes a stage's outputs before it runs its command; they are in DVC's cache still.
    """
    if "DVC_STAGE" not in os.environ:
        return
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        for out in Repo(str(root)).stage.load_one(name=stage).outs:
            if not out.exists and out.hash_info:
                out.checkout()
    except (DvcException, OSError):
        return  # never hide the error that brought us here
