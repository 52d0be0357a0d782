"""Running one stage: its inputs checked, its outputs moved to their place only when complete."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.api.errors import DataError, ModelError
from mlops_plugins.api.paths import REPORT
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, model_folder
from mlops_plugins.artifacts.card import require_complete
from mlops_plugins.config import params
from mlops_plugins.manager import signatures
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime import ingest_manifest, lineage, tuned_options
from mlops_plugins.runtime.observers import observed
from mlops_plugins.runtime.result import collect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_all(root: Path, log: Callable[[str], None]) -> None:
    """Compose, and run every stage of the pipeline in this process, whether it is stale or not.

    What it writes is what `dvc repro` writes, byte for byte; for tests, debuggers and notebooks.

    Raises:
        MlopsError: As `run_stage` does; the stages after that one are not run.
    """
    from mlops_plugins.config.compose import compose

    compose(root, in_experiment=False)
    for stage in PIPELINE:
        run_stage(root, stage, log)


def run_stage(root: Path, stage: Stage, log: Callable[[str], None]) -> None:
    """Run a stage of the pipeline in the project at `root`.

    Raises:
        MlopsError: The configuration, an input or the stage's own work is wrong. The outputs of
            the last good run stay where they are.
    """
    try:
        whole = params.read(root)
        context = params.context(root, whole, log)
        cap_threads(context.threads)
        implementation = params.implementation(whole, stage)
        for warned in [
            *plugin_manager().warned,
            *plugin_manager().deprecations(stage, whole[stage]["name"]),
        ]:
            log(f"warning: {warned}")
        with observed(stage, whole, context) as told:
            _run(stage, implementation, told, whole)
    except BaseException:
        _restore_outputs(root, stage)
        raise


def cap_threads(threads: int) -> None:
    """Cap the threads of numeric libraries, before any is imported.

    As many OpenMP threads as cores are many times slower on a busy machine than on a quiet one.
    """
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, str(threads))


def _run(stage: Stage, implementation: Any, context: Context, whole: Mapping[str, Any]) -> None:
    promised = CONTRACTS[stage]
    inputs = {name: context.root / path for name, path in promised.inputs.items()}
    for name, path in inputs.items():
        if not path.exists() and name not in promised.newer:
            raise DataError(
                f"The stage '{stage}' needs {path.relative_to(context.root)}, which is missing.",
                where=str(path),
                next_step="dvc repro",
            )
    kept = {name: context.root / path for name, path in promised.kept.items()}
    with ExitStack() as stack:
        drafts = {
            name: stack.enter_context(files.replacing(context.root / path))
            for name, path in promised.outputs.items()
        }
        _work(stage, implementation, context, whole, {**inputs, **kept}, drafts)
        for name, draft in drafts.items():
            signatures.require_written(stage, name, draft)


def _work(
    stage: Stage,
    implementation: Any,
    context: Context,
    whole: Mapping[str, Any],
    inputs: Mapping[str, Path],
    drafts: Mapping[str, Path],
) -> None:
    """Call the implementation; what two stages write beside its work is written here too."""
    if stage is Stage.TRAIN:
        chosen: dict[str, str] = {key: whole[key]["name"] for key in (Stage.TRAIN, Stage.FEATURES)}
        given = {name: path for name, path in inputs.items() if name != "tuning"}
        trainer = tuned_options.chosen(context, whole, inputs["tuning"])
        model_folder.build(context, trainer, chosen=chosen, **given, **drafts)
        return
    if stage is Stage.INGEST:
        ingest_manifest.build(context, implementation, **drafts)
        return
    if stage is Stage.REGISTER:
        _require_card(context.root, inputs["verdict"])
    method = getattr(implementation, stage)
    given = {**inputs, **drafts, **dict(_extra(stage, context, whole))}
    method(context, **signatures.accepted(stage, method, given))


def _require_card(root: Path, verdict: Path) -> None:
    """Let no model be promoted about which the team has not said what it is for."""
    if files.read_json(verdict)["decision"] != "promote":
        return
    path = root / REPORT / "card.json"
    if not path.exists():
        raise ModelError(
            "The model is not promoted: there is no report on it.",
            where=str(path),
            next_step="dvc repro; if dvc.yaml has no stage `report`, first: copier update",
        )
    require_complete(files.read_json(path)["missing"], then="dvc repro")


def _extra(stage: Stage, context: Context, whole: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the stages that need more than files what they need."""
    if stage is Stage.TUNE:
        yield "trainer", tuned_options.trainer(whole)
    if stage is Stage.GATE:
        register: Any = params.implementation(whole, Stage.REGISTER)
        yield "champion", lambda: register.champion(context)
    if stage is Stage.REPORT:
        yield "parameters", whole
    if stage is Stage.TRACK:
        yield "result", collect(context, whole)
    if stage is Stage.REGISTER:
        yield "lineage", lineage.collect(context, whole)


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
