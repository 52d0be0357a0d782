"""Compare the champion's present with its past, and raise an alert."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.api.paths import PREDICTION_LOG
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, prediction_log, reading, tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.manager import formats
from mlops_plugins.manager.signatures import require_returned
from mlops_plugins.runtime.jobs import targets
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Data
    from mlops_plugins.api.contracts.register import Champion


def run(
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
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    output = targets.report_folder(context.home, created if name is None else name)
    champion = project.champion()
    folder = project.fetched(champion)
    current = _current(project, folder / "model", champion, data)
    if labels is not None:
        current = _join_labels(current, reading.read_frame(labels), context.data)
    with project.observed(Stage.MONITOR) as observed_context, files.replacing(output) as draft:
        draft.mkdir()
        tables.write_frame(current, draft / "current.parquet")
        finding: Finding = project.component(Stage.MONITOR).monitor(
            observed_context,
            reference=folder / "reference.parquet",
            current=draft / "current.parquet",
            model=folder / "model",
            output=draft,
        )
        require_returned(CONTRACTS[Stage.MONITOR], finding, Finding)
        (draft / "current.parquet").unlink(missing_ok=True)
        whose = str(project.params.registered(Stage.MONITOR))
        formats.check(CONTRACTS[Stage.MONITOR].formats, "output", draft, whose)
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
    rows = reading.read_frame(data)
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
