"""Compare the champion's present with its past, and raise an alert."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.monitor import Finding
from mlops_plugins.api.contracts.notify import Alert
from mlops_plugins.api.errors import ConfigurationError, DataError, listed
from mlops_plugins.api.paths import PREDICTION_LOG
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, prediction_log, reading, tables, window
from mlops_plugins.artifacts.model_folder import describe, open_model
from mlops_plugins.artifacts.prediction_log import Block, Skipped
from mlops_plugins.artifacts.schema import accept
from mlops_plugins.artifacts.window import Labels
from mlops_plugins.manager import formats
from mlops_plugins.manager.signatures import require_returned
from mlops_plugins.runtime.jobs import targets
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from mlops_plugins.api.contracts.register import Champion
    from mlops_plugins.artifacts.model_folder import Model
    from mlops_plugins.artifacts.schema import Schema


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
    described = describe(folder / "model").schema
    arrived = _labels(project, labels, described)
    with tempfile.TemporaryDirectory() as scratch:
        current = Path(scratch) / "current.parquet"
        if data is None:
            skipped = _write_logged(project, champion, described, arrived, current)
        else:
            skipped = Skipped()
            _write_scored(project, folder / "model", data, arrived, current)
        with project.observed(Stage.MONITOR) as observed_context, files.replacing(output) as draft:
            draft.mkdir()
            finding: Finding = project.component(Stage.MONITOR).monitor(
                observed_context,
                reference=folder / "reference.parquet",
                current=current,
                model=folder / "model",
                output=draft,
            )
            require_returned(CONTRACTS[Stage.MONITOR], finding, Finding)
            whose = str(project.params.registered(Stage.MONITOR))
            formats.check(CONTRACTS[Stage.MONITOR].formats, "output", draft, whose)
            report = files.read_json(draft / "report.json")
            added = {"created": created, "version": champion.version, "skipped": asdict(skipped)}
            files.write_json(draft / "report.json", {**report, **added})
    _remove_old(project)
    if finding.status in ("drift", "alarm"):
        project.alert(
            Alert(
                severity="critical" if finding.status == "alarm" else "warning",
                title=f"{context.project}: {finding.status}",
                details=finding.reasons,
            )
        )
    return finding, output


def _write_logged(
    project: Project, champion: Champion, described: Schema, labels: Labels | None, output: Path
) -> Skipped:
    """Write the champion's rows of the log; return what of the log was left out.

    Raises:
        DataError: Nothing was logged, or the rows have no id to join labels by.
    """
    skipped, log = Skipped(), project.context.home / PREDICTION_LOG
    prediction_log.require_any(log)
    integers = [name for name, each in described.columns.items() if each.type == "integer"]
    since = _first_day(project.params.settings.prediction_log.window_days)
    columns = window.write(
        lambda: prediction_log.read(log, champion.version, skipped, integers, since=since),
        described,
        output,
        labels,
    )
    _require_id_for(labels, columns, output)
    if skipped:
        project.context.log(f"left out of the prediction log, as it cannot be read: {skipped}")
    return skipped


def _first_day(days: int | None) -> date | None:
    """Return the first of so many days, of which today is the last; None without a number."""
    return None if days is None else datetime.now(UTC).date() - timedelta(days=days - 1)


def _remove_old(project: Project) -> None:
    """Remove from the prediction log what is older than the team keeps."""
    first = _first_day(project.params.settings.prediction_log.keep_days)
    if first is None:
        return
    removed = prediction_log.remove_older(project.context.home / PREDICTION_LOG, first)
    if removed:
        project.context.log(
            f"removed from the prediction log, as older than {first}: {listed(removed)}"
        )


def _write_scored(
    project: Project, model: Path, data: Path, labels: Labels | None, output: Path
) -> None:
    """Write the rows of a file, with what the model predicts of them.

    Raises:
        DataError: They cannot be read, or have no id to join labels by.
    """
    opened = open_model(model)
    block = _scored(opened, project.read_rows(data, opened))
    columns = window.write(lambda: [block], opened.schema, output, labels)
    _require_id_for(labels, columns, output)


def _require_id_for(labels: Labels | None, columns: Sequence[str], rows: Path) -> None:
    if labels is not None and tables.count(rows):
        _require_id("rows", columns, labels.id)


def _scored(opened: Model, rows: pd.DataFrame) -> Block:
    """Predict rows; what the schema does not allow counts as missing, and is for the monitor to report."""
    import pyarrow as pa

    predicted = opened.predict_typed(accept(rows, opened.inputs, refuse=False))
    columns, own = (
        {str(name): pa.array(frame[name], from_pandas=True) for name in frame}
        for frame in (rows, predicted)
    )
    return Block(len(rows), columns, own)


def _labels(project: Project, path: Path | None, described: Schema) -> Labels | None:
    """Read the labels that have arrived.

    Raises:
        ConfigurationError: The data have no id.
        DataError: The file cannot be read, or lacks the id or the target.
    """
    if path is None:
        return None
    data = project.context.data
    if data.id is None:
        raise ConfigurationError(
            "Labels can only be joined to rows by an id.",
            where="conf/config.yaml: data.id",
            expected="the name of the column that identifies a row",
            next_step="write it there, and send it with each request",
        )
    table = reading.read_frame(path, described, project.null_words)
    _require_id("labels", list(map(str, table.columns)), data.id)
    labelled = _labelled(table, data.target, where="the labels")
    return Labels.of(labelled, identifier=data.id, target=data.target, described=described)


def _require_id(what: str, columns: Sequence[str], name: str) -> None:
    if name not in columns:
        raise DataError(
            f"The {what} have no column '{name}'.",
            expected=", ".join(columns),
            next_step="add the column",
        )


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
