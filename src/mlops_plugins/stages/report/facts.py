"""Gathering the results of a run's stages from the files that they wrote."""

from __future__ import annotations

import base64
import platform
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlops_plugins.api.contracts import PIPELINE
from mlops_plugins.artifacts import files
from mlops_plugins.metrics import scoring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context

MAX_FEATURES: Final = 15

PAGE_CHARTS: Final = {"importance", "slices"}
"""Pictures of what the page draws itself, and leaves out."""


@dataclass(frozen=True, kw_only=True)
class StageOutputs:
    """The files and folders that the stages before wrote."""

    manifest: Path
    validation: Path
    profile: Path
    model: Path
    metrics: Path
    evaluation: Path
    explanation: Path
    tuning: Path
    verdict: Path


def gather(
    context: Context, parameters: Mapping[str, Any], outputs: StageOutputs
) -> dict[str, Any]:
    """Return the run as plain data; what an implementation did not write is None or empty."""
    model = files.read_json(outputs.model / "manifest.json")
    verdict = files.read_json(outputs.verdict)
    primary = scoring.PRIMARY[context.data.task]
    slices = files.read_json_if_any(outputs.evaluation / "slices.json")
    return {
        "project": context.project,
        "task": context.data.task,
        "target": context.data.target,
        "sensitive": list(context.data.sensitive),
        "data": _data(outputs),
        "model": _model(outputs.model, model),
        "primary": primary,
        "test_rows": files.read_json(outputs.metrics).get("rows"),
        "metrics": list(_metrics(outputs.evaluation, primary)),
        **{
            name: files.read_json_if_any(outputs.evaluation / f"{name}.json")
            for name in ("baselines", "threshold", "calibration", "fairness")
        },
        **_slices(slices or {}),
        "importance": _importance(outputs.explanation),
        "verdict": verdict,
        "against": _against(verdict),
        "tuning": _tuning(outputs.tuning),
        "pictures": [
            picture
            for folder in (outputs.evaluation, outputs.explanation, outputs.tuning)
            for picture in _pictures(folder)
        ],
        "stages": {stage.value: parameters[stage] for stage in PIPELINE if stage in parameters},
        "hashes": {
            "data": model.get("data"),
            "model": verdict["model"],
            "metrics": files.digest(outputs.metrics),
        },
        "python": platform.python_version(),
        "seed": context.seed,
        "threads": context.threads,
    }


def _data(outputs: StageOutputs) -> dict[str, Any]:
    manifest = files.read_json(outputs.manifest)
    validation = files.read_json(outputs.validation)
    profile = files.read_json_if_any(outputs.profile / "profile.json") or {}
    return {
        **{
            name: manifest.get(name)
            for name in ("source", "rows", "rows_without_target", "columns", "sha256", "time")
        },
        "findings": validation.get("findings", []),
        "notes": profile.get("notes", []),
        "profile": {column["name"]: column for column in profile.get("columns", [])},
    }


def _model(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "digest": files.digest(folder),
        **{
            name: manifest.get(name) for name in ("train", "features", "options", "rows", "classes")
        },
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    }


def _metrics(evaluation: Path, primary: str) -> Iterator[dict[str, Any]]:
    """Give each metric with its interval and baselines, the primary one first."""
    summary = files.read_json(evaluation / "summary.json")
    for name in sorted(summary, key=lambda name: name != primary):
        row = summary[name]
        marks = [row.get(key) for key in ("value", "low", "high", "baseline", "linear")]
        known = [mark for mark in marks if mark is not None]
        yield {"name": name, **row, "from": min(known, default=0), "to": max(known, default=1)}


def _slices(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the slices that the team named, and those that were found by their loss."""
    entries = content.get("slices", [])
    named = [each for each in entries if each.get("configured") or not each.get("loss")]
    bounds = [
        bound for each in named for bound in (each["value"], *each["interval"]) if bound is not None
    ]
    return {
        "slices": {**content, "slices": named},
        "worse_slices": [each for each in entries if each not in named],
        "slice_range": (min(bounds, default=0.0), max(bounds, default=1.0)),
    }


def _importance(explanation: Path) -> dict[str, Any] | None:
    importance = files.read_json_if_any(explanation / "importance.json") or {}
    columns = importance.get("columns", [])
    if not all("importance" in each for each in columns):
        return None  # an explanation of 0.1
    columns = [each for each in columns if each["importance"] is not None]
    ends = [each.get("high") or each["importance"] for each in columns]
    return {
        **importance,
        "columns": columns[:MAX_FEATURES],
        "more": len(columns[MAX_FEATURES:]),
        "top": max(ends, default=0.0),
    }


def _tuning(folder: Path) -> dict[str, Any]:
    trials = files.read_json_if_any(folder / "trials.json") or {"trials": []}
    best = files.read_json_if_any(folder / "best.json") or {"options": {}}
    return {"trials": len(trials["trials"]), "options": best["options"]}


def _against(verdict: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the check that compared with the champion."""
    compared = [check for check in verdict.get("checks", []) if check["name"] == "champion"]
    return compared[0] if compared and verdict["champion"] is not None else None


def _pictures(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.png")):
        if path.stem in PAGE_CHARTS:
            continue
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        yield {
            "name": path.stem.replace("_", " "),
            "data": base64.b64encode(content).decode(),
            "wide": width > 2 * height,
        }
