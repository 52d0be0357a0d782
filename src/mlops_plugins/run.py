"""Running one stage: its inputs checked, its outputs moved to their place only when complete."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from mlops_plugins import files, model, params
from mlops_plugins.errors import DataError
from mlops_plugins.registry import not_installed, registry
from mlops_plugins.result import collect
from mlops_plugins.stages import CONTRACTS, Context, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_stage(root: Path, stage: Stage, say: Callable[[str], None]) -> None:
    """Run a stage of the pipeline in the project at `root`.

    Raises:
        MlopsError: The configuration, an input or the stage's own work is wrong. The outputs of
            the last good run stay where they are.
    """
    try:
        whole = params.read(root)
        context = params.context(root, whole, say)
        cap_threads(context.threads)
        implementation = params.implementation(whole, stage)
        with observed(stage, whole[stage]["name"], context):
            _run(stage, implementation, context, whole)
    except BaseException:
        _restore_outputs(root, stage)
        raise


def cap_threads(threads: int) -> None:
    """Cap the threads of numeric libraries, before any is imported.

    As many OpenMP threads as cores are many times slower on a busy machine than on a quiet one.
    """
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, str(threads))


class observed:  # noqa: N801  reads as a verb where it is used
    """Tell the observers what happens to a stage; turn a missing library into a clear error."""

    def __init__(self, stage: Stage, name: str, context: Context) -> None:
        self._stage, self._name, self._context = stage, name, context

    def __enter__(self) -> None:
        self._started = time.monotonic()
        self._tell("mlops_before_stage")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._tell("mlops_on_error", error=error)
        else:
            seconds = time.monotonic() - self._started
            self._tell("mlops_after_stage", seconds=seconds, metrics=self._metrics())
        if isinstance(error, ImportError):
            raise not_installed(registry().find(self._stage, self._name), error) from error

    def _metrics(self) -> Mapping[str, float]:
        outputs = CONTRACTS[self._stage].outputs
        return (
            files.read_json(self._context.root / outputs["metrics"]) if "metrics" in outputs else {}
        )

    def _tell(self, event: str, **arguments: Any) -> None:
        common = {"stage": self._stage, "name": self._name, "context": self._context}
        for failure in registry().observe(event, **common, **arguments):
            self._context.say(failure)


def _run(stage: Stage, implementation: Any, context: Context, whole: Mapping[str, Any]) -> None:
    contract = CONTRACTS[stage]
    inputs = {name: context.root / path for name, path in contract.inputs.items()}
    for path in inputs.values():
        if not path.exists():
            raise DataError(
                f"The stage '{stage}' needs {path.relative_to(context.root)}, which is missing.",
                where=str(path),
                next_step="dvc repro",
            )
    kept = {name: context.root / path for name, path in contract.kept.items()}
    with ExitStack() as stack:
        drafts = {
            name: stack.enter_context(files.replacing(context.root / path))
            for name, path in contract.outputs.items()
        }
        if stage is Stage.TRAIN:
            chosen: dict[str, str] = {
                key: whole[key]["name"] for key in (Stage.TRAIN, Stage.FEATURES)
            }
            model.build(context, implementation, chosen=chosen, **inputs, **drafts)
            return
        extra = dict(_extra(stage, context, whole))
        getattr(implementation, stage)(context, **inputs, **kept, **drafts, **extra)


def _extra(stage: Stage, context: Context, whole: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the two stages that need more than files what they need."""
    if stage is Stage.GATE:
        register: Any = params.implementation(whole, Stage.REGISTER)
        yield "champion", lambda: register.champion(context)
    if stage is Stage.TRACK:
        yield "result", collect(context, whole)


def _restore_outputs(root: Path, stage: Stage) -> None:
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
