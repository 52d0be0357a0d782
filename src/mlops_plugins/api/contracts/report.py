"""Report: what people read about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import EVALUATION, METRICS, MODEL, REPORT, TUNING
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Report(Protocol):
    """Write what people read about a run."""

    def report(
        self,
        context: Context,
        *,
        parameters: Mapping[str, Any],
        manifest: Path,
        validation: Path,
        profile: Path,
        model: Path,
        metrics: Path,
        evaluation: Path,
        explanation: Path,
        tuning: Path,
        verdict: Path,
        card: Path,
        output: Path,
    ) -> None:
        """Write into the folder `output` what people read, from the files of the stages before.

        `parameters` is what `params.yaml` holds, and `card` the team's `card.yaml`, which need not
        exist. In `output` are `report.html`, which needs nothing from elsewhere; `model-card.md`;
        `data-sheet.md`; and `card.json`: the digest of the `model`, and in `missing` the required
        parts of the card that nobody wrote. With one of them missing, no model is promoted.

        Raises:
            DataError: The card has parts that are none.
        """
        ...


CONTRACT: Final = Contract(
    stage="report",
    protocol=Report,
    inputs={
        "manifest": "reports/ingest.json",
        "validation": "reports/validation.json",
        "profile": "reports/profile",
        "model": MODEL,
        "metrics": METRICS,
        "evaluation": EVALUATION,
        "explanation": "reports/explanation",
        "tuning": TUNING,
        "verdict": "reports/verdict.json",
    },
    outputs={"output": REPORT},
    kept={"card": "card.yaml"},
    may_miss=frozenset({"profile", "explanation", "tuning"}),
    default="page",
    parameters=(
        "ingest",
        "validate",
        "profile",
        "split",
        "features",
        "tune",
        "train",
        "evaluate",
        "explain",
        "gate",
        "data",
        "seed",
        "threads",
        "project",
    ),
    needs=("parameters",),
    formats=formats.REPORT,
)
