"""The jobs outside the training pipeline: serve, predict, monitor, retrain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.api.errors import ConfigurationError, DataError, ModelError
from mlops_plugins.api.paths import MONITORING_REPORTS, PREDICTION_LOG
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, prediction_log, tables
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.config import params
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.runtime.executor import cap_threads
from mlops_plugins.runtime.observers import Observers, observed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.contracts.monitor import Finding
    from mlops_plugins.api.contracts.register import Champion


class Project:
    """A project's parameters and context, and its champion."""

    def __init__(self, root: Path, log: Callable[[str], None]) -> None:
        self.whole = params.read(root)
        self.context = params.context(root, self.whole, log)
        cap_threads(self.context.threads)

    def implementation(self, stage: Stage) -> Any:
        """Return the stage's chosen implementation."""
        return params.implementation(self.whole, stage)

    def observed(self, stage: Stage) -> observed:
        """Tell observers about a job."""
        return observed(stage, self.whole, self.context)

    def champion(self) -> Champion:
        """Return the champion.

        Raises:
            ModelError: There is none yet.
        """
        champion: Champion | None = self.implementation(Stage.REGISTER).champion(self.context)
        if champion is None:
            raise ModelError(
                f"There is no champion of '{self.context.project}' in the registry.",
                next_step="`dvc repro` trains and registers one; `mlops gate` says why one was blocked",
            )
        return champion

    def fetched(self, champion: Champion) -> Path:
        """Return the folder of the champion's files, fetched once."""
        folder = self.context.home / "models" / "champions" / champion.digest[:16]
        if not folder.exists():
            with files.replacing(folder) as draft:
                champion.fetch(draft)
        return folder

    def alert(self, alert: Alert) -> None:
        """Tell the chosen notifier, and every observer of alerts."""
        with self.observed(Stage.NOTIFY) as context:
            self.implementation(Stage.NOTIFY).notify(context, alert=alert)
        Observers(self.whole, self.context).tell("mlops_on_alert", alert=alert)


def verdict(root: Path) -> dict[str, Any]:
    """Return the newest verdict of the gate.

    Raises:
        ModelError: No model has been judged yet, or its verdict is none.
    """
    path = root / CONTRACTS[Stage.GATE].outputs["output"]
    if not path.exists():
        params.read(root)  # where there is no project, it says so
        raise ModelError("No model has been judged yet.", where=str(path), next_step="dvc repro")
    try:
        found = dict(files.read_json(path))
        _ = found["decision"], found["reasons"]
    except (ValueError, TypeError, KeyError):
        raise ModelError(
            "The verdict is corrupt.",
            where=str(path),
            expected="JSON with a decision and its reasons",
            next_step="dvc repro --force gate",
        ) from None
    return found


def serve(
    root: Path, model: Path | None, *, host: str, port: int, log: Callable[[str], None]
) -> None:
    """Serve a model folder, or the champion, until interrupted."""
    if model is not None and not (root / params.FILE).exists():
        _serve_alone(root, model, host=host, port=port, log=log)
        return
    project = Project(root, log)
    folder, version = model, "unregistered"
    if folder is None:
        champion = project.champion()
        folder, version = project.fetched(champion) / "model", champion.version
    with project.observed(Stage.SERVE) as context:
        project.implementation(Stage.SERVE).serve(
            context,
            model=folder,
            version=version,
            log=context.home / PREDICTION_LOG,
            host=host,
            port=port,
        )


def _serve_alone(
    root: Path, model: Path, *, host: str, port: int, log: Callable[[str], None]
) -> None:
    """Serve a model folder where there is no project, as in an image."""
    opened = open_model(model)
    manifest = opened.manifest
    described = manifest["schema"]
    context = Context(
        root=root,
        project=manifest["project"],
        seed=0,
        threads=1,
        log=log,
        data=Data(
            task=manifest["task"],
            target=described["target"],
            id=described["id"],
            weight=described.get("weight"),
        ),
    )
    cap_threads(context.threads)
    implementation: Any = plugin_manager().load(Stage.SERVE, "fastapi")()
    version = f"sha256:{opened.digest[:12]}"
    implementation.serve(
        context, model=model, version=version, log=root / PREDICTION_LOG, host=host, port=port
    )


def predict(
    root: Path,
    data: Path,
    output: Path,
    model: Path | None,
    *,
    keep: bool,
    log: Callable[[str], None],
) -> int:
    """Score a file's rows, keep them for monitoring, and return how many there were."""
    project = Project(root, log)
    rows = tables.read_user_file(data).to_pandas()
    opened, version = _opened(project, model)
    predicted = opened.predict(rows)
    key = project.context.data.id
    if key in rows.columns:
        predicted.insert(0, key, rows[key])
    with files.replacing(output) as draft:
        tables.write_frame(predicted, draft)
    if keep:
        columns = [name for name in rows.columns if name != project.context.data.target]
        seen = rows[columns].assign(**{name: predicted[name] for name in ("prediction", "score")})
        prediction_log.append_batch(project.context.home / PREDICTION_LOG, seen, version)
    return len(predicted)


def _opened(project: Project, folder: Path | None) -> tuple[Model, str]:
    if folder is not None:
        return open_model(folder), "unregistered"
    champion = project.champion()
    return open_model(project.fetched(champion) / "model"), champion.version


def export(root: Path, folder: Path, *, log: Callable[[str], None]) -> str:
    """Copy the champion's model folder to `folder`, and return its version."""
    project = Project(root, log)
    champion = project.champion()
    with files.replacing(folder) as draft:
        shutil.copytree(project.fetched(champion) / "model", draft)
    return champion.version


def monitor(
    root: Path,
    *,
    data: Path | None,
    labels: Path | None,
    name: str | None,
    log: Callable[[str], None],
) -> tuple[Finding, Path]:
    """Compare the champion's present with its past; return the finding and the report's folder."""
    project = Project(root, log)
    context = project.context
    champion = project.champion()
    folder = project.fetched(champion)
    current = _current(project, folder / "model", champion, data)
    if labels is not None:
        current = _join_labels(current, tables.read_user_file(labels).to_pandas(), context.data)
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    output = context.home / MONITORING_REPORTS / (name or created)
    with project.observed(Stage.MONITOR) as told, files.replacing(output) as draft:
        draft.mkdir()
        tables.write_frame(current, draft / "current.parquet")
        finding: Finding = project.implementation(Stage.MONITOR).monitor(
            told,
            reference=folder / "reference.parquet",
            current=draft / "current.parquet",
            model=folder / "model",
            output=draft,
        )
        (draft / "current.parquet").unlink()
        report = files.read_json(draft / "report.json")
        files.write_json(
            draft / "report.json", {**report, "created": created, "version": champion.version}
        )
    if finding.status in ("drift", "alarm"):
        project.alert(
            Alert(
                severity="critical" if finding.status == "alarm" else "warning",
                title=f"{context.project}: {finding.status}",
                details=finding.reasons,
            )
        )
    return finding, output


def _current(project: Project, model: Path, champion: Champion, data: Path | None) -> pd.DataFrame:
    if data is None:
        seen = prediction_log.read(project.context.home / PREDICTION_LOG)
        return seen[seen["version"] == champion.version].drop(columns="version")
    rows: pd.DataFrame = tables.read_user_file(data).to_pandas()
    predicted = open_model(model).predict(rows)
    return rows.assign(prediction=predicted["prediction"], score=predicted["score"])


def _join_labels(current: pd.DataFrame, labels: pd.DataFrame, data: Data) -> pd.DataFrame:
    """Add the labels that have arrived, by the rows' id; the last one counts where there are two."""
    if data.id is None:
        raise ConfigurationError(
            "Labels can only be joined to rows by an id.",
            where="conf/config.yaml: data.id",
            expected="the name of the column that identifies a row",
            next_step="write it there, and send it with each request",
        )
    for table, what in ((labels, "labels"), (current, "rows")):
        if data.id not in table.columns:
            raise DataError(
                f"The {what} have no column '{data.id}'.",
                expected=", ".join(map(str, table.columns)),
                next_step="add the column",
            )
    arrived = _labelled(labels, data.target, where="the labels").drop_duplicates(
        data.id, keep="last"
    )
    without = current.drop(columns=data.target, errors="ignore")
    return without.merge(arrived[[data.id, data.target]], on=data.id, how="left")


def _labelled(frame: pd.DataFrame, target: str, *, where: str) -> pd.DataFrame:
    """Return the rows that have a target.

    Raises:
        DataError: The target is missing, or has no value.
    """
    if target not in frame.columns:
        raise DataError(
            f"The target '{target}' is missing.",
            where=where,
            expected=", ".join(map(str, frame.columns)),
            next_step="correct data.target in conf/config.yaml",
        )
    return frame[frame[target].notna()]


def retrain(root: Path, overrides: Sequence[str], *, log: Callable[[str], None]) -> str:
    """Ask the policy; if it says so, run the pipeline; return what happened, in a sentence.

    Raises:
        ModelError: The pipeline failed.
    """
    project = Project(root, log)
    with project.observed(Stage.RETRAIN) as context:
        decision = project.implementation(Stage.RETRAIN).retrain(context, reports=_reports(context))
    if not decision.retrain:
        return f"not retrained: {decision.reason}"
    log(f"retraining: {decision.reason}")
    before = _judged_model(root)
    settings = [word for override in overrides for word in ("-S", override)]
    command = ["exp", "run", *settings] if overrides else ["repro"]
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *command], cwd=root, env=_environment(), check=False
    )
    if done.returncode:
        raise ModelError(
            f"The pipeline failed: dvc {' '.join(command)} exited with {done.returncode}.",
            next_step="see above for the stage that failed",
        )
    judged = verdict(root)
    if judged["model"] == before:
        return "not retrained: the data and the parameters are those of the newest model already"
    title = f"{project.context.project} retrained: {judged['decision']}"
    project.alert(Alert(severity="info", title=title, details=tuple(judged["reasons"])))
    return f"retrained: {judged['decision']} ({'; '.join(judged['reasons'])})"


def _judged_model(root: Path) -> str | None:
    path = root / CONTRACTS[Stage.GATE].outputs["output"]
    judged = files.read_json_if_any(path)
    return str(judged["model"]) if judged else None


def _environment() -> dict[str, str]:
    """Let DVC find `mlops` although the environment may not be activated."""
    scripts = os.path.dirname(sys.executable)  # noqa: PTH120  a search path is text
    return os.environ | {"PATH": scripts + os.pathsep + os.environ.get("PATH", "")}


def _reports(context: Context) -> list[Mapping[str, Any]]:
    paths = (context.home / MONITORING_REPORTS).glob("*/report.json")
    return sorted((files.read_json(path) for path in paths), key=lambda report: report["created"])
