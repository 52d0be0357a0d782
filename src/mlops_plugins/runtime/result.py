"""What one run of the pipeline made: gathered from its files, so that it can be tracked once."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.track import Result
from mlops_plugins.api.paths import METRICS, MODEL
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, git, learning_curves
from mlops_plugins.config import tuned_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.config.params import Params

PICTURES = (".png", ".html", ".json", ".csv", ".md")


def collect(context: Context, params: Params) -> Result:
    """Gather the finished pipeline's parameters, metrics, reports and identity.

    The digest is of what was learnt, from which data, by which parameters: the same result has
    the same digest, whether DVC ran its stages or restored them.
    """
    root = context.root
    tree = params.as_dict()
    sections = {key: tree[key] for key in ("data", "seed", "project", *before_tracking(params))}
    hashes = {
        "data": files.digest(root / CONTRACTS[Stage.INGEST].outputs["output"]),
        "model": files.digest(root / MODEL),
        "metrics": files.digest(root / METRICS),
    }
    identity = json.dumps([sections, hashes], sort_keys=True, default=str)
    digest = hashlib.sha256(identity.encode()).hexdigest()
    metric, trials = tuned_options.trials(root)
    return Result(
        digest=digest,
        name=os.environ.get("DVC_EXP_NAME") or f"{params.section(Stage.TRAIN).name}-{digest[:7]}",
        params=dict(_flat(sections | {Stage.TRAIN: tuned_options.section(root, params)})),
        metrics=dict(_numbers(files.read_json(root / METRICS))),
        tags={f"sha256.{name}": value for name, value in hashes.items()} | git_state(root),
        files=tuple(_reports(root)),
        tuned_by=metric,
        trials=trials,
        history=learning_curves.read(root / MODEL),
    )


def before_tracking(params: Params) -> list[str]:
    """Return the project's stages that make what is tracked and registered."""
    stages = params.pipeline.stages
    return [stage for stage in stages[: stages.index(Stage.TRACK)] if params.has(stage)]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _numbers(tree: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in _flat(tree):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, float(value)


def _reports(root: Path) -> Iterator[Path]:
    """Give the reports that the tracker's contract reads: files for people, and small JSON."""
    for output in CONTRACTS[Stage.TRACK].reads:
        path = root / output
        if not output.startswith("reports/"):
            continue
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.suffix in PICTURES)
        elif path.exists():
            yield path


def git_state(root: Path) -> dict[str, str]:
    """Return the commit, and whether the work tree differed from it; nothing outside git."""
    commit, changes = git.find_commit(root, "HEAD"), git.output(root, "status", "--porcelain")
    if commit is None or changes is None:
        return {}
    return {"git.commit": commit, "git.dirty": str(bool(changes.strip()))}
