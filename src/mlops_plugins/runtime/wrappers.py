"""What three stages write beside their implementation's work, or require before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.errors import ModelError
from mlops_plugins.api.paths import REPORT
from mlops_plugins.api.stage import NONE, Stage
from mlops_plugins.artifacts import card, files, model_folder
from mlops_plugins.config import tuned_options
from mlops_plugins.runtime import ingest_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.runtime.executor import Execution


def ingest(execution: Execution) -> None:
    """Ingest, and write the manifest of the table beside it."""
    ingest_manifest.build(execution.context, execution.component, **execution.drafts)


def train(execution: Execution) -> None:
    """Train with the tuned options, and seal the estimator into a model folder."""
    params, inputs = execution.params, dict(execution.inputs)
    trainer = tuned_options.tuned(execution.context, params, inputs.pop("tuning"))
    chosen: dict[str, str] = {
        stage: params.section(stage).name for stage in (Stage.TRAIN, Stage.FEATURES)
    }
    model_folder.build(
        execution.context, trainer, chosen=chosen, **inputs, output=execution.drafts["output"]
    )


def register(execution: Execution) -> None:
    """Register; promote no model of which the team has not said what it requires itself to say."""
    if execution.params.section(Stage.REGISTER).name != NONE:
        _require_card(execution.context.root, execution.inputs["verdict"])
    execution.call()


def _require_card(root: Path, verdict: Path) -> None:
    if files.read_json(verdict)["decision"] != "promote":
        return
    path = root / REPORT / "card.json"
    if not path.exists():
        raise ModelError(
            "The model is not promoted: there is no report on it.",
            where=str(path),
            next_step="dvc repro; if dvc.yaml has no stage `report`, first: copier update",
        )
    said = files.read_json(path)
    lacking = [part for part in said["missing"] if part in said.get("required", [])]
    card.require_complete(lacking, then="dvc repro")
