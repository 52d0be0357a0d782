"""Score a file's rows by the champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.paths import PREDICTION_LOG
from mlops_plugins.artifacts import exported, files, predicted, prediction_log, tables
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.runtime.jobs import targets
from mlops_plugins.runtime.jobs.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(
    root: Path,
    data: Path,
    output: Path,
    model: Path | None,
    *,
    keep: bool,
    log: Callable[[str], None],
) -> int:
    """Score a file's rows, keep them for monitoring, and return how many there were."""
    targets.check_predictions(output, data)
    project = Project(root, log)
    opened, version = _opened(project, model)
    rows = project.read_rows(data, opened)
    scored = opened.predict(rows)
    key = project.context.data.id
    result = scored
    if key is not None and key in rows.columns:
        result = predicted.renamed(scored, [key])
        result.insert(0, key, rows[key])
    with files.replacing(output) as draft:
        if output.suffix == targets.CSV:
            result.to_csv(draft, index=False)
        else:
            tables.write_frame(result, draft)
    if keep:
        seen = rows.drop(columns=project.context.data.target, errors="ignore")
        prediction_log.append_batch(project.context.home / PREDICTION_LOG, seen, scored, version)
    return len(scored)


def _opened(project: Project, folder: Path | None) -> tuple[Model, str]:
    if folder is not None:
        export = exported.read(folder)
        return open_model(folder), export.version if export else "unregistered"
    champion = project.champion()
    return open_model(project.fetched(champion) / "model"), champion.version
