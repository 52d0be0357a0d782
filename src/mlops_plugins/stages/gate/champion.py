"""The gate: limits, baselines, slices, calibration, cost, and the champion on the same rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts import files
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.gate import (
    baselines,
    calibration,
    comparison,
    cost,
    leak,
    limits,
    minimum,
    slices,
)
from mlops_plugins.stages.gate.checks import Check, described, guarded, verdict
from mlops_plugins.stages.gate.evidence import Evidence, Required
from mlops_plugins.stages.gate.options import (
    Baselines,
    Calibration,
    Latency,
    Minimum,
    Size,
    Slices,
)
from mlops_plugins.stages.gate.paired_rows import FILE, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.register import Champion
    from mlops_plugins.stages.gate.paired_rows import Pair


class Gatekeeper(Component):
    """Blocks what fails a check, or a check that cannot be made; promotes what is better."""

    renamed: ClassVar = {
        "min_gain": "baselines.min_gain",
        "linear_tolerance": "baselines.linear_tolerance",
        "max_calibration_error": "calibration.max_error",
        "calibration_tolerance": "calibration.tolerance",
        "slice_floor": "slices.min_value",
        "slice_tolerance": "slices.tolerance",
        "max_latency_ratio": "latency.max_ratio",
        "latency_floor_ms": "latency.allowance_ms",
        "max_size_ratio": "size.max_ratio",
        "size_floor_mb": "size.allowance_mb",
        "demanded": "required",
    }

    floors: dict[str, float] = Field(
        {}, description="Minimum of a metric, as roc_auc: 0.7; a model below it is blocked."
    )
    ceilings: dict[str, float] = Field(
        {}, description="Maximum of a metric, as log_loss: 0.5; a model above it is blocked."
    )
    minimum: Minimum = Field(
        Minimum(), description="The test rows, without which nothing is known."
    )
    baselines: Baselines = Field(Baselines(), description="Against simpler ways to predict.")
    calibration: Calibration = Field(
        Calibration(), description="The expected calibration error of classes."
    )
    slices: Slices = Field(Slices(), description="The slices that the evaluation measured.")
    latency: Latency = Field(Latency(), description="The time of a prediction.")
    size: Size = Field(Size(), description="The size of the model's files.")
    required: list[Required] = Field(
        [],
        description="Without which a model is blocked: parts of the evaluation (baselines, calibration, "
        "slices; those of `evaluate: metrics` are always required of it), and a champion to compare with.",
    )
    resamples: int = Field(
        1000, ge=50, description="Paired bootstrap resamples of each comparison with the champion."
    )

    def gate(
        self,
        context: Context,
        *,
        model: Path,
        splits: Path,
        metrics: Path,
        evaluation: Path,
        explanation: Path,
        champion: Callable[[], Champion | None],
        output: Path,
    ) -> None:
        """Write the verdict. What cannot be computed blocks."""
        evidence = Evidence(evaluation, scoring.PRIMARY[context.data.task], self.required)
        checks = [
            guarded("model", partial(limits.intact, context, model)),
            guarded(
                "test rows",
                partial(minimum.rows, context, model, evaluation / FILE, self.minimum),
            ),
            *limits.of_metrics(metrics, evidence, self.floors, self.ceilings),
            *self._absolute(context, evidence),
            *leak.check(explanation),
        ]
        digest, current = files.digest(model), None
        try:
            current = champion()
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001  a registry's client may raise anything
            reason = f"the registry could not say which model is champion: {described(error)}"
            checks.append(Check("champion", "block", reason))
        else:
            checks += self._against(context, current, digest, model, evidence)
        version = current.version if current else None
        result = verdict(checks, model=digest, champion=version)
        files.write_json(output, result)
        context.log(f"verdict: {result['decision']}")

    def _absolute(self, context: Context, evidence: Evidence) -> Iterator[Check]:
        """Give the checks that need no champion."""
        min_gain, tolerance = self.baselines.min_gain, self.baselines.linear_tolerance
        yield guarded("trivial baseline", partial(baselines.trivial, evidence, min_gain))
        if tolerance is not None:
            yield guarded("linear baseline", partial(baselines.linear, evidence, tolerance))
        max_error = self.calibration.max_error
        if max_error is not None and context.data.task != "regression":
            yield guarded("calibration", partial(calibration.ceiling, evidence, max_error))
        min_value = self.slices.min_value
        if min_value is not None or self.slices.tolerance is not None:
            yield guarded("slices", partial(slices.floor, evidence, min_value))

    def _against(
        self,
        context: Context,
        champion: Champion | None,
        digest: str,
        model: Path,
        evidence: Evidence,
    ) -> list[Check]:
        """Return the checks against the champion, of which there is always at least one."""
        if champion is None:
            return [self._without_champion()]
        if champion.digest == digest:
            reason = f"it is the champion already, version {champion.version}"
            return [Check("champion", "keep", reason)]
        try:
            with opened(context, champion, model, evidence.folder) as pair:
                return list(self._compared(pair, evidence))
        except Exception as error:  # noqa: BLE001  a registry's client, or a model, may raise anything
            reason = f"the champion could not be compared: {described(error)}"
            return [Check("champion", "block", reason)]

    def _without_champion(self) -> Check:
        if "champion" not in self.required:
            return Check("champion", "pass", "there is no champion yet")
        reason = "there is no champion to compare with, and `required` names it: `mlops restore`"
        return Check("champion", "block", reason)

    def _compared(self, pair: Pair, evidence: Evidence) -> Iterator[Check]:
        """Give the checks of both models on the same rows."""
        resamples = self.resamples
        yield guarded("champion", partial(comparison.champion, pair, resamples=resamples))
        tolerance = self.calibration.tolerance
        if tolerance is not None and pair.ours.model.classes is not None:
            yield guarded(
                "champion: calibration",
                partial(calibration.against, pair, tolerance=tolerance, resamples=resamples),
            )
        tolerance = self.slices.tolerance
        if tolerance is not None:
            yield guarded(
                "champion: slices",
                partial(slices.against, pair, evidence, tolerance=tolerance, resamples=resamples),
            )
        if self.latency.max_ratio is not None:
            for rows in sorted({1, min(cost.BATCH, len(pair.rows))}):
                yield guarded("latency", partial(cost.latency, pair, rows, self.latency))
        if self.size.max_ratio is not None:
            yield guarded("size", partial(cost.size, pair, self.size))
