"""Gathering what the stages of a run found, from the files that they left."""

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

MOST_FEATURES: Final = 15

DRAWN: Final = {"importance", "slices"}
"""Pictures of what the page draws itself."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the stages before left what they found."""

    manifest: Path
    validation: Path
    profile: Path
    model: Path
    metrics: Path
    evaluation: Path
    explanation: Path
    tuning: Path
    verdict: Path


def gather(context: Context, parameters: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return the run as plain data; what an implementation did not write is None or empty."""
    model = files.read_json(places.model / "manifest.json")
    verdict = files.read_json(places.verdict)
    primary = scoring.PRIMARY[context.data.task]
    slices = files.read_json_if_any(places.evaluation / "slices.json")
    return {
        "project": context.project,
        "task": context.data.task,
        "target": context.data.target,
        "sensitive": list(context.data.sensitive),
        "data": _data(places),
        "model": _model(places.model, model),
        "primary": primary,
        "rows_judged": files.read_json(places.metrics).get("rows"),
        "metrics": list(_metrics(places.evaluation, primary)),
        **{
            name: files.read_json_if_any(places.evaluation / f"{name}.json")
            for name in ("baselines", "threshold", "calibration", "fairness")
        },
        "slices": slices,
        "slice_range": _range(slices),
        "importance": _importance(places.explanation),
        "verdict": verdict,
        "against": _against(verdict),
        "tuning": _tuning(places.tuning),
        "pictures": [
            picture
            for folder in (places.evaluation, places.explanation, places.tuning)
            for picture in _pictures(folder)
        ],
        "stages": {stage.value: parameters[stage] for stage in PIPELINE if stage in parameters},
        "hashes": {
            "data": model.get("data"),
            "model": verdict["model"],
            "metrics": files.digest(places.metrics),
        },
        "python": platform.python_version(),
        "seed": context.seed,
        "threads": context.threads,
    }


def _data(places: Places) -> dict[str, Any]:
    manifest = files.read_json(places.manifest)
    validation = files.read_json(places.validation)
    profile = files.read_json_if_any(places.profile / "profile.json") or {}
    return {
        **{name: manifest.get(name) for name in ("source", "rows", "columns", "sha256", "time")},
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


def _range(slices: Mapping[str, Any] | None) -> tuple[float, float]:
    """Return what the intervals of all slices lie between."""
    bounds = [
        bound
        for found in (slices or {}).get("slices", [])
        for bound in (found["value"], *found["interval"])
        if bound is not None
    ]
    return min(bounds, default=0.0), max(bounds, default=1.0)


def _importance(explanation: Path) -> dict[str, Any] | None:
    found = files.read_json_if_any(explanation / "importance.json") or {}
    columns = found.get("columns", [])
    if not all("importance" in each for each in columns):
        return None  # an explanation of 0.1
    columns = [each for each in columns if each["importance"] is not None]
    ends = [each.get("high") or each["importance"] for each in columns]
    return {
        **found,
        "columns": columns[:MOST_FEATURES],
        "more": len(columns[MOST_FEATURES:]),
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
        if path.stem in DRAWN:
            continue
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        yield {
            "name": path.stem.replace("_", " "),
            "data": base64.b64encode(content).decode(),
            "wide": width > 2 * height,
        }
