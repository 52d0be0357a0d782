"""Ask the policy whether to train again, and do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.api.contracts.retrain import Decision
from mlops_plugins.api.errors import ModelError
from mlops_plugins.api.paths import MONITORING_REPORTS
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.signatures import require_returned
from mlops_plugins.runtime.jobs import dvc
from mlops_plugins.runtime.jobs.project import Project
from mlops_plugins.runtime.verdict import read as read_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from mlops_plugins.api.context import Context


def run(root: Path, overrides: Sequence[str], *, log: Callable[[str], None]) -> str:
    """Ask the policy; if it says so, run the pipeline; return what happened, in a sentence.

    Raises:
        ModelError: The pipeline failed.
    """
    project = Project(root, log)
    with project.observed(Stage.RETRAIN) as context:
        decision = project.component(Stage.RETRAIN).retrain(context, reports=_reports(context))
        require_returned(CONTRACTS[Stage.RETRAIN], decision, Decision)
    if not decision.retrain:
        return f"not retrained: {decision.reason}"
    log(f"retraining: {decision.reason}")
    before = _judged_model(root)
    settings = [word for override in overrides for word in ("-S", override)]
    command = ["exp", "run", *settings] if overrides else ["repro"]
    code = dvc.run(root, *command)
    if code:
        raise ModelError(
            f"The pipeline failed: dvc {' '.join(command)} exited with {code}.",
            next_step="see above for the stage that failed",
        )
    verdict = read_verdict(root)
    if verdict["model"] == before:
        return "not retrained: the data and the parameters are those of the newest model already"
    title = f"{project.context.project} retrained: {verdict['decision']}"
    project.alert(Alert(severity="info", title=title, details=tuple(verdict["reasons"])))
    return f"retrained: {verdict['decision']} ({'; '.join(verdict['reasons'])})"


def _judged_model(root: Path) -> str | None:
    path = root / CONTRACTS[Stage.GATE].outputs["output"]
    verdict = files.read_json_if_any(path)
    return str(verdict["model"]) if verdict else None


def _reports(context: Context) -> list[Mapping[str, Any]]:
    paths = (context.home / MONITORING_REPORTS).glob("*/report.json")
    return sorted((files.read_json(path) for path in paths), key=lambda report: report["created"])
